"""Instants are UTC; days belong to a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_time

from loyalty_app.core.languages import ENGLISH, Language

SLOT_MINUTES = 15
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(9000, 1, 1)
"""Days that somebody may ask about; further out no zone can be reckoned with."""


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the first UTC instant after the day in that zone, right across daylight-saving changes."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first UTC instant of the day in that zone."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def wire(instant: datetime) -> str:
    """Return an instant as programs read it: ISO 8601, UTC, milliseconds, `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_day(instant: datetime, zone: str) -> date:
    """Return the calendar day of an instant in that zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def slot(instant: datetime) -> datetime:
    """Return the quarter of an hour an instant lies in; no time zone begins its days within one."""
    instant = instant.astimezone(UTC)
    return instant.replace(minute=instant.minute // SLOT_MINUTES * SLOT_MINUTES, second=0, microsecond=0)


def time_zones() -> list[str]:
    """Return the names a person may choose from, `UTC` first."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "System")))
    return ["UTC", *places]


def say_day(day: date, locale: str) -> str:
    """Return a day as people write it: "Thu, Dec 31, 2026"."""
    return format_date(day, "EEE d MMM y" if locale.startswith("en") else "full", locale=_babel(locale))


def say_instant(instant: datetime, zone: str, locale: str) -> str:
    """Return an instant in the program's zone, to the minute."""
    pattern = "d MMM y" if locale.startswith("en") else "medium"
    day = format_date(instant.astimezone(ZoneInfo(zone)), pattern, locale=_babel(locale))
    return f"{day}, {say_time(instant, zone, locale)}"


def say_time(instant: datetime, zone: str, locale: str) -> str:
    """Return the clock time of an instant in a zone, of twenty-four hours everywhere: "23:59"."""
    return format_time(instant.astimezone(ZoneInfo(zone)), "HH:mm", locale=_babel(locale))


def is_same_clock(instant: datetime, zone: str, other: str) -> bool:
    """Return whether the clocks of two zones show the same then."""
    return zone == other or clock(instant, zone) == clock(instant, other)


def say_there(instant: datetime, zone: str, here: str, locale: str) -> str:
    """Return an instant by the clock of another zone, which is named: "11:00 Lisbon time"; nothing if it is the same.

    With the day, where that is another one than `here`.
    """
    if is_same_clock(instant, zone, here):
        return ""
    say = say_time if local_day(instant, zone) == local_day(instant, here) else say_instant
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{say(instant, zone, locale)} {city}{' time' if city != zone else ''}"


def say_step(instant: datetime, step: str, zone: str, locale: str) -> str:
    """Return the hour, day or month that begins then, short enough for the foot of a chart."""
    local = instant.astimezone(ZoneInfo(zone))
    if step == "hour":
        return f"{format_date(local, 'EEE d MMM', locale=_babel(locale))}, {say_time(instant, zone, locale)}"
    return format_date(local, "EEE d MMM" if step == "day" else "MMM y", locale=_babel(locale))


def last_minute(closes_at: datetime) -> datetime:
    """Return the last minute before an exclusive end, which is what people call the end."""
    return closes_at - timedelta(minutes=1)


def clock_end(closes_at: datetime, zone: str) -> str:
    """Return that minute by the program's clock, with its offset: "2026-12-31T23:59+01:00"."""
    return clock(last_minute(closes_at), zone)


def clock(instant: datetime, zone: str) -> str:
    """Return an instant by the program's clock, with its offset, from which a browser tells the reader's own."""
    return instant.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def say_until(closes_at: datetime, zone: str, locale: str, words: Language = ENGLISH, *, is_there: bool = False) -> str:
    """Return the expiry sentence for an exclusive end: "valid through Thu 31 Dec 2026, 23:59 Europe/Warsaw".

    For a reader who `is_there`, in the zone itself: by the clock that everything else on the screen goes by.
    """
    return words("valid through {end}", end=_say_end(closes_at, zone, locale, is_there=is_there))


def say_validity(
    closes_at: datetime, zone: str, locale: str, *, now: datetime, words: Language = ENGLISH, is_there: bool = False
) -> str:
    """Return the expiry sentence with the days that are left, or that have gone by since."""
    end = _say_end(closes_at, zone, locale, is_there=is_there)
    days = (local_day(closes_at - timedelta(microseconds=1), zone) - local_day(now, zone)).days
    if now < closes_at:
        left = words.count("{number} day left", "{number} days left", days) if days > 0 else words("last day today")
        return words("valid through {end}, {left}", end=end, left=left)
    match -days:
        case 0:
            return words("was valid through {end}, expired today", end=end)
        case 1:
            return words("was valid through {end}, expired yesterday", end=end)
        case ago:
            since = words.count("expired {number} day ago", "expired {number} days ago", ago)
            return words("was valid through {end}, {since}", end=end, since=since)


def _say_end(closes_at: datetime, zone: str, locale: str, *, is_there: bool) -> str:
    last = last_minute(closes_at)
    if is_there:
        return say_instant(last, zone, locale)
    return f"{say_day(local_day(last, zone), locale)}, {say_time(last, zone, locale)} {zone}"


def say_duration(seconds: float) -> str:
    """Return a rough time left: "12 s", "3 min"."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"  # noqa: PLR2004 - a minute and a half


def _babel(locale: str) -> str:
    return locale.replace("-", "_")
