"""What a program may be called and how it writes money."""

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from babel import Locale
from babel.numbers import format_currency, format_decimal, list_currencies
from email_validator import EmailNotValidError, validate_email

from loyalty_app.core import times
from loyalty_app.core.languages import Sentence
from loyalty_app.core.texts import line

LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "pt-PT", "sv-SE", "ar")
NAME_LENGTH = 80
ABOUT_LENGTH = 300
WEBSITE_LENGTH = 200
AMOUNT = re.compile(r"(?P<whole>[0-9]{1,12})(?:[.,](?P<cents>[0-9]{1,3}))?")
MOST_MONEY = 10**15 - 1
"""The most minor units an amount may have: what `AMOUNT` lets somebody type, and few enough for any script."""
MOST_DIGITS = 28
"""With no more, reckoning with decimals is exact, and takes no time."""
MOST_MINUTES = 120
COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Draft:
    """A business profile as somebody typed it."""

    name: str = ""
    brand_color: str = ""
    logo: str = ""
    """The digest of a picture."""
    about: str = ""
    website: str = ""
    contact: str = ""
    time_zone: str = ""
    locale: str = ""
    undo_minutes: str = "5"
    lock_minutes: str = "5"


@dataclass(frozen=True)
class Profile:
    """A business profile that may be kept."""

    name: str
    brand_color: str
    about: str
    website: str
    contact: str
    time_zone: str
    locale: str
    undo_minutes: int
    lock_minutes: int


def read(draft: Draft, currency: str) -> Profile | dict[str, str]:
    """Return the profile of a draft, or a sentence for each field that is not acceptable."""
    name, about = draft.name.strip(), draft.about.strip()
    found = problems(name, draft.time_zone, currency, draft.locale)
    if "program_name" in found:
        found["name"] = found.pop("program_name")
    color = draft.brand_color.strip().lower()
    if color and not COLOR.fullmatch(color):
        found["brand_color"] = "Enter a colour as # and six digits or letters a to f, for example #0f5f4f."
    if len(about) > ABOUT_LENGTH:
        found["about"] = f"Keep this to {ABOUT_LENGTH} characters; it has {len(about)}."
    website = _website(draft.website.strip(), found)
    contact = _contact(draft.contact.strip(), found)
    undo = _minutes(draft.undo_minutes, "undo_minutes", found)
    lock = _minutes(draft.lock_minutes, "lock_minutes", found)
    if found:
        return found
    return Profile(name, color, about, website, contact, draft.time_zone, draft.locale, undo, lock)


def _minutes(text: str, field: str, found: dict[str, str]) -> int:
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_MINUTES))
    if not is_number or int(text) > MOST_MINUTES:
        found[field] = f"Enter whole minutes from 0 to {MOST_MINUTES}."
        return 0
    return int(text)


def _website(text: str, found: dict[str, str]) -> str:
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and " " not in address
    except ValueError:
        is_good = False
    if not is_good or len(address) > WEBSITE_LENGTH:
        found["website"] = "Enter a web address, for example https://aurora.example."
    return address


def _contact(text: str, found: dict[str, str]) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized if text else ""
    except EmailNotValidError:
        found["contact"] = "Enter an e-mail address like hello@example.com."
        return ""


def problems(name: str, time_zone: str, currency: str, locale: str) -> dict[str, str]:
    """Return a sentence for each field that is not acceptable."""
    found = {}
    if not name:
        found["program_name"] = Sentence("Give the program a name; members will see it.")
    elif len(name) > NAME_LENGTH:
        found["program_name"] = Sentence("Keep the name to {most} characters.", most=NAME_LENGTH)
    if time_zone not in times.time_zones():
        found["time_zone"] = Sentence("Choose a time zone from the list.")
    if currency not in currencies():
        found["currency"] = Sentence("Choose a currency from the list.")
    if locale not in LOCALES:
        found["locale"] = Sentence("Choose a language from the list.")
    return found


def currencies() -> list[str]:
    """Return the ISO 4217 codes a program may use."""
    return sorted(code for code in list_currencies("en") if code in CURRENT_CURRENCIES)


def minor_digits(currency: str) -> int:
    """Return how many decimals the minor unit of a currency has (ISO 4217): 2 for cents, 0 for yen."""
    return MINOR_DIGITS.get(currency, 2)


def say_money(minor: int, currency: str, locale: str) -> str:
    """Return an amount, given in minor units, as people of that locale write it."""
    babels = Locale.parse(locale, sep="-")
    decimals = "." + "0" * minor_digits(currency)
    pattern = re.sub(r"\.0+", decimals.rstrip("."), babels.currency_formats["standard"].pattern)
    return format_currency(from_minor(minor, currency), currency, pattern, babels, currency_digits=False)


def say_number(number: Decimal | int, locale: str) -> str:
    """Return a number with the separators of that locale."""
    return format_decimal(number, locale=locale.replace("-", "_"))


def from_minor(minor: int, currency: str) -> Decimal:
    """Return minor units (cents) as an amount."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def to_minor(amount: Decimal, currency: str) -> int | None:
    """Return an amount in minor units, or None if it is no money: more decimals than the currency, or endless."""
    _, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or max(len(digits), abs(exponent)) > MOST_DIGITS:
        return None
    minor = amount.scaleb(minor_digits(currency))
    return int(minor) if minor == minor.to_integral_value() and abs(minor) <= MOST_MONEY else None


def read_money(text: str, currency: str) -> int | None:
    """Return an amount as people type it, with a comma or a point, in minor units; None if it is none.

    Whoever writes thousands apart is asked again: "1,000" is one in one country and a thousand in the next.
    """
    found = AMOUNT.fullmatch("".join(line(text).split()))
    if not found or len(found["cents"] or "") > minor_digits(currency):
        return None
    return to_minor(Decimal(f"{found['whole']}.{found['cents'] or '0'}"), currency)


def ask_money(currency: str) -> str:
    """Return how an amount is typed, for somebody who typed something else."""
    example = "5 or 4.50" if minor_digits(currency) else "500"
    return f"Enter an amount in {currency}, for example {example}."


def language_name(locale: str) -> str:
    """Return the locale's own name for itself."""
    name = Locale.parse(locale, sep="-").get_display_name() or locale
    return name[0].upper() + name[1:]


CURRENT_CURRENCIES = frozenset(
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GEL GHS HKD HUF IDR ILS INR ISK JOD"
    " JPY KES KRW KWD KZT LBP LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TND TRY TWD"
    " TZS UAH UGX USD UYU VND WST ZAR".split()
)

MINOR_DIGITS: dict[str, int] = {
    **dict.fromkeys("CLP ISK JPY KRW UGX VND".split(), 0),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}
"""Decimals of the minor units of ISO 4217 that have not two. Amounts are stored in these units, so this is fixed here:
what libraries know is how prices are shown, and that changes (Babel 2.19 shows forints and rupiah without decimals)."""

PAPERS = {"light": ("#ffffff", "#faf9f7", "#f1efeb"), "dark": ("#211f1c", "#171614", "#2b2825")}
"""What the accent stands on, by scheme: card, paper and sunken of `assets/css/tokens.css`."""

READABLE = 4.5
"""The least contrast of text (WCAG 2.2, success criterion 1.4.3)."""


@dataclass(frozen=True)
class Accent:
    """A brand colour made readable for one scheme; each as `#rrggbb`."""

    accent: str
    strong: str
    """For what is hovered: further from the paper."""
    on_accent: str
    """Text on the accent."""
    soft: str
    """A tint behind the accent as text."""


STANDARD = {
    "light": Accent("#0f5f4f", "#0a4a3d", "#ffffff", "#e1f1ec"),
    "dark": Accent("#6fd6ba", "#93e6cf", "#06231c", "#17352d"),
}
"""The house's own colours, where there is no brand colour (`assets/css/tokens.css`)."""


def accent(brand: str, scheme: str) -> Accent:
    """Return the nearest colours to the brand's that can be read in the scheme, `light` or `dark`."""
    color, papers = _rgb(brand), [_rgb(paper) for paper in PAPERS[scheme]]
    away = BLACK if scheme == "light" else WHITE
    soft = _mix(color, papers[0], 0.88)
    readable = _until_readable(color, away, [*papers, soft])
    strong = _mix(readable, away, 0.25)
    # One of the two is always readable: no colour is close to both black and white.
    on_accent = max((WHITE, BLACK), key=lambda text: _contrast(text, readable))
    if _contrast(on_accent, strong) < READABLE:
        strong = readable
    return Accent(_hex(readable), _hex(strong), _hex(on_accent), _hex(soft))


def theme(brand: str) -> dict[str, str]:
    """Return the brand's colours for both schemes, as CSS properties (assets/css/public.css chooses)."""
    named = {"": "accent", "-strong": "strong", "-on": "on_accent", "-soft": "soft"}
    return {
        f"--brand{suffix}-{scheme}": getattr(accent(brand, scheme), part)
        for scheme in PAPERS
        for suffix, part in named.items()
    }


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    return _contrast(_rgb(one), _rgb(other))


Color = tuple[int, int, int]
BLACK: Color = (0, 0, 0)
WHITE: Color = (255, 255, 255)
STEPS = 50


def _until_readable(color: Color, away: Color, grounds: list[Color]) -> Color:
    for step in range(STEPS):
        mixed = _mix(color, away, step / STEPS)
        if all(_contrast(mixed, ground) >= READABLE for ground in grounds):
            return mixed
    return away


def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for part in color
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _rgb(color: str) -> Color:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
