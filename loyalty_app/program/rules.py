"""What a program may be called and how it writes money."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal, get_currency_precision, list_currencies

from loyalty_app.core import times

LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "pt-PT", "sv-SE", "ar")
NAME_LENGTH = 80


def problems(name: str, time_zone: str, currency: str, locale: str) -> dict[str, str]:
    """Return a sentence for each field that is not acceptable."""
    found = {}
    if not name:
        found["program_name"] = "Give the program a name; members will see it."
    elif len(name) > NAME_LENGTH:
        found["program_name"] = f"Keep the name to {NAME_LENGTH} characters."
    if time_zone not in times.time_zones():
        found["time_zone"] = "Choose a time zone from the list."
    if currency not in currencies():
        found["currency"] = "Choose a currency from the list."
    if locale not in LOCALES:
        found["locale"] = "Choose a language from the list."
    return found


def currencies() -> list[str]:
    """Return the ISO 4217 codes a program may use."""
    return sorted(code for code in list_currencies("en") if code in CURRENT_CURRENCIES)


def say_money(minor: int, currency: str, locale: str) -> str:
    """Return an amount, given in minor units, as people of that locale write it."""
    return format_currency(from_minor(minor, currency), currency, locale=locale.replace("-", "_"))


def say_number(number: int, locale: str) -> str:
    """Return a whole number with the separators of that locale."""
    return format_decimal(number, locale=locale.replace("-", "_"))


def from_minor(minor: int, currency: str) -> Decimal:
    """Return minor units (cents) as an amount."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


def to_minor(amount: Decimal, currency: str) -> int | None:
    """Return an amount in minor units, or None if it has more decimals than the currency."""
    minor = amount.scaleb(get_currency_precision(currency))
    return int(minor) if minor == minor.to_integral_value() else None


def language_name(locale: str) -> str:
    """Return the locale's own name for itself."""
    name = Locale.parse(locale, sep="-").get_display_name() or locale
    return name[0].upper() + name[1:]


CURRENT_CURRENCIES = frozenset(
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GEL GHS HKD HUF IDR ILS INR ISK JOD"
    " JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TND TRY TWD"
    " TZS UAH UGX USD UYU VND WST ZAR".split()
)
