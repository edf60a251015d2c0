"""What a batch's numbers mean: spans of time to count in, bands to compare with, and sentences where they are due."""

import ipaddress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from loyalty_app.batches.models import Channel
from loyalty_app.batches.rules import Badge, redemption_rate, say_share
from loyalty_app.core import times

HOURLY = timedelta(hours=48)
"""So long a chart shows hours; after that it shows days."""
MOST_DAYS = 92
"""So many days a chart shows as days; after that it shows months."""

FIRST_DAY = timedelta(hours=24)
FIRST_WEEK = timedelta(days=7)
SOON = timedelta(days=3)
FEW_CLAIMS = 5
"""In percent of all vouchers: fewer within the first day mean that people have not seen it."""
MANY_CLAIMS = 20
ENOUGH = 20
"""A rate of fewer claimed vouchers than this says nothing."""
ENOUGH_ON_THE_FIRST_DAY = 10
LARGE = 1_000
"""A set worth trying out with a small one first (S1-28)."""
NEARLY_ALL = 90
WHOLE = 100
WEAK, WELL = 10, 30
"""In percent: below the first an offer is weak or shown to the wrong people, above the second it does well (S2-5)."""
MOST_ADVICE = 3


class Range(StrEnum):
    """How far back a chart looks."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    ALL = "all"


class Step(StrEnum):
    """How long each bar of a chart lasts, in the program's time zone."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Span:
    """One bar's time, from its begin to before its end."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Timeline:
    """The bars of a chart, side by side without a gap."""

    step: Step
    spans: list[Span]


@dataclass(frozen=True)
class Band:
    """The redemption rates of a channel, in percent: what is usual, and what is great."""

    low: int
    high: int
    great: int


BANDS = {
    Channel.EMAIL: Band(5, 15, 20),
    Channel.IN_STORE: Band(20, 40, 50),
    Channel.SOCIAL: Band(2, 8, 15),
    Channel.EVENT: Band(30, 50, 60),
}
"""The table of S3-27. It stands under "Redemption rate", and what follows it is what to do when "members are claiming
but not using": so its rates are redeemed ÷ claimed, not claimed ÷ total. It names no other channel."""


class Verdict(StrEnum):
    """Where a redemption rate lies."""

    TOO_EARLY = "too_early"
    LOW = "low"
    USUAL = "usual"
    GOOD = "good"
    GREAT = "great"


class Topic(StrEnum):
    """What a piece of advice is about."""

    VISIBILITY = "visibility"
    FRICTION = "friction"
    SCALE_UP = "scale_up"
    LOW_RATE = "low_rate"
    RUNNING_OUT = "running_out"
    ENDING = "ending"
    TRY_FIRST = "try_first"
    OVER = "over"


@dataclass(frozen=True)
class Advice:
    """One thing to do, the numbers that call for it, and questions to ask oneself."""

    topic: Topic
    says: str
    because: str
    questions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What is known of a batch when it is judged."""

    total: int
    claimed: int
    redeemed: int
    badge: Badge
    age: timedelta
    """Since it was made."""
    time_left: timedelta
    """Until it closes; negative afterwards."""
    first_day_claimed: int = 0
    first_day_redeemed: int = 0
    channel: Channel | None = None
    reward: str = ""
    minimum: str = ""
    """The least purchase in words; empty without one."""
    valid_days: int | None = None
    scans_refused: int = 0
    """Scans of its vouchers that were refused lately."""
    is_tried: bool = False
    """Whether any voucher of the same offer has been redeemed."""


@dataclass(frozen=True)
class Check:
    """One thing that has to be so for a claim; `passed` is None where it cannot be known from here."""

    says: str
    passed: bool | None


def timeline(wanted: Range, began: datetime, until: datetime, zone: str) -> Timeline:
    """Return the bars from when something began until then: hours, days or months of that zone, whole ones.

    A day is as long as the zone makes it, 23 or 25 hours when clocks change.
    """
    today = times.local_day(until, zone)
    begin = {
        Range.DAY: until - FIRST_DAY,
        Range.WEEK: _midnight(today - timedelta(days=6), zone),
        Range.MONTH: _midnight(today - timedelta(days=29), zone),
        Range.ALL: began,
    }[wanted]
    begin = min(max(begin, began), until)
    if until - begin <= HOURLY:
        return Timeline(Step.HOUR, _hours(begin, until, zone))
    first = times.local_day(begin, zone)
    days = (today - first).days + 1
    if days <= MOST_DAYS:
        marks = [_midnight(first + timedelta(days=number), zone) for number in range(days + 1)]
        return Timeline(Step.DAY, _between(marks))
    months = (today.year - first.year) * 12 + today.month - first.month + 1
    return Timeline(Step.MONTH, _between([_midnight(_month(first, number), zone) for number in range(months + 1)]))


def settled_until(line: Timeline, until: datetime) -> datetime:
    """Return the last full hour before then that lies in a chart's last span."""
    return max(line.spans[-1].begin, until.replace(minute=0, second=0, microsecond=0))


def verdict(channel: Channel | None, claimed: int, redeemed: int) -> Verdict:
    """Return where a batch's redemption rate lies: in its channel's band (S3-27), else by the general hint (S2-5)."""
    rate = redemption_rate(claimed, redeemed)
    if rate is None or claimed < ENOUGH:
        return Verdict.TOO_EARLY
    band = BANDS.get(channel) if channel else None
    if band is None:
        return Verdict.LOW if rate < WEAK else Verdict.GOOD if rate > WELL else Verdict.USUAL
    if rate < band.low:
        return Verdict.LOW
    if rate <= band.high:
        return Verdict.USUAL
    return Verdict.GOOD if rate < band.great else Verdict.GREAT


def say_band(channel: Channel | None, words: str) -> str:
    """Return what a channel's rate is compared with."""
    band = BANDS.get(channel) if channel else None
    if band:
        return f"{words}: {band.low} to {band.high}% is usual, {band.great}% or more is great"
    nobody = f"There is no usual rate for {words.lower()}" if words else "No channel is set"
    return f"{nobody}; in general under {WEAK}% is weak, over {WELL}% is good"


def advice(facts: Facts) -> list[Advice]:
    """Return what the numbers call for, the most pressing first; usually nothing, and never more than three."""
    found = [
        _over(facts),
        _ending(facts),
        _running_out(facts),
        _first_day(facts),
        _low_rate(facts),
        _try_first(facts),
    ]
    return [one for one in found if one][:MOST_ADVICE]


def reach(origin: str) -> Check:
    """Return whether people elsewhere can open a public address, as far as the address itself tells."""
    address = urlsplit(origin)
    host = address.hostname or ""
    if host == "localhost" or host.endswith(".localhost") or _is_loopback(host):
        return Check(
            f"The link begins with {origin}, which only works on this machine. Set LOYALTY_PUBLIC_URL to the address"
            " that people type.",
            passed=False,
        )
    if _is_private(host) or host.endswith((".local", ".lan", ".internal")) or "." not in host.strip("[]."):
        return Check(f"The link begins with {origin}, which only works inside your own network.", passed=False)
    if address.scheme != "https":
        return Check(f"The link begins with {origin}: without https, phones warn people or refuse.", passed=False)
    return Check(f"The link begins with {origin}, a public address.", passed=True)


def _over(facts: Facts) -> Advice | None:
    if facts.badge is not Badge.EXPIRED:
        return None
    rate = redemption_rate(facts.claimed, facts.redeemed)
    result = f"{facts.claimed:,} of {facts.total:,} vouchers were claimed and {facts.redeemed:,} redeemed"
    return Advice(
        Topic.OVER,
        "This batch is over. Keep it to compare the next one with; if it must go, export its vouchers first.",
        f"{result}, {rate}% of the claimed. Deleting it removes these numbers for good."
        if rate is not None
        else f"{result}. Deleting it removes these numbers for good.",
    )


def _ending(facts: Facts) -> Advice | None:
    waiting = facts.claimed - facts.redeemed
    if facts.badge is Badge.EXPIRED or facts.time_left > SOON or not waiting:
        return None
    left = _days(facts.time_left.days + 1)
    who = "1 member holds" if waiting == 1 else f"{waiting:,} members hold"
    return Advice(
        Topic.ENDING,
        "Remind members who have not used their voucher yet.",
        f"{who} an unredeemed voucher, and the batch ends in less than {left}.",
    )


def _running_out(facts: Facts) -> Advice | None:
    if facts.badge not in (Badge.ACTIVE, Badge.SOLD_OUT) or facts.time_left <= SOON:
        return None
    left = facts.total - facts.claimed
    if facts.claimed * 100 < facts.total * NEARLY_ALL:
        return None
    return Advice(
        Topic.RUNNING_OUT,
        "Make another batch of this offer if more people should get it: the quantity of a batch is fixed.",
        f"{'All its vouchers are claimed' if not left else f'Only {left:,} of {facts.total:,} are left'},"
        f" and it is open for {_days(facts.time_left.days)} more.",
    )


def _first_day(facts: Facts) -> Advice | None:
    # S3-34: only when the first day is over, and while it still says something about now.
    if facts.badge is not Badge.ACTIVE or not FIRST_DAY <= facts.age <= FIRST_WEEK:
        return None
    claimed, redeemed = facts.first_day_claimed, facts.first_day_redeemed
    share = say_share(claimed, facts.total)
    said = f"In the first 24 hours {claimed:,} of {facts.total:,} vouchers ({share}) were claimed"
    if claimed * 100 < facts.total * FEW_CLAIMS:
        if facts.claimed * 100 >= facts.total * MANY_CLAIMS:  # it has caught up since
            return None
        return Advice(
            Topic.VISIBILITY,
            "Show the link in more places: too few people have seen it.",
            f"{said}.",
            [
                "Does the link stand where people look first?",
                "Does the QR code scan from where people stand?",
                "Does the text beside it say what they get?",
            ],
        )
    if claimed >= ENOUGH_ON_THE_FIRST_DAY and not facts.redeemed:
        return Advice(
            Topic.FRICTION,
            "Look at the offer, and at what stands between a claim and the counter.",
            f"{said}, and nobody has redeemed one yet.",
            _questions(facts),
        )
    if claimed * 100 >= facts.total * MANY_CLAIMS and redeemed * 100 >= claimed * WEAK:
        return Advice(
            Topic.SCALE_UP,
            "Scale up: make a larger batch, or add a channel.",
            f"{said}, and {redeemed:,} redeemed already.",
        )
    return None


def _low_rate(facts: Facts) -> Advice | None:
    if facts.badge is Badge.EXPIRED or facts.age < FIRST_DAY:
        return None
    if verdict(facts.channel, facts.claimed, facts.redeemed) is not Verdict.LOW:
        return None
    if (said := _first_day(facts)) and said.topic is Topic.FRICTION:  # asks the same questions
        return None
    band = BANDS.get(facts.channel) if facts.channel else None
    rate = redemption_rate(facts.claimed, facts.redeemed)
    usual = f"{band.low}% or more is usual for this channel" if band else f"under {WEAK}% is weak"
    return Advice(
        Topic.LOW_RATE,
        "Members claim and do not use it: ask why.",
        f"{facts.redeemed:,} of {facts.claimed:,} claimed vouchers are redeemed, {rate}%; {usual}.",
        _questions(facts),
    )


def _try_first(facts: Facts) -> Advice | None:
    if facts.badge is not Badge.ACTIVE or facts.total < LARGE or facts.claimed or facts.is_tried:
        return None
    return Advice(
        Topic.TRY_FIRST,
        "Try the whole way with a small batch before you share this one: claim, show the voucher, scan it.",
        f"No voucher of this offer has been redeemed yet, and here are {facts.total:,}.",
    )


def _questions(facts: Facts) -> list[str]:
    """Return the questions of S3-28 and S3-31, each with the batch's own facts."""
    days = facts.time_left.days
    found = [f"Is it worth the way? Members get: {facts.reward}." if facts.reward else "Is it worth the way?"]
    if facts.minimum:
        found.append(f"Is the minimum purchase too high? It is {facts.minimum}.")
    if facts.valid_days:
        found.append(f"Do members know that a voucher ends {_days(facts.valid_days)} after the claim?")
    else:
        found.append(f"Do members know when it ends? It has {_days(days)} left; with much time left, people wait.")
    if facts.scans_refused:
        times_ = "1 scan was" if facts.scans_refused == 1 else f"{facts.scans_refused:,} scans were"
        found.append(f"Do staff know what to do? {times_} refused at the counter lately.")
    elif not facts.redeemed:
        found.append("Do staff know how to scan it? None of its vouchers has been scanned yet.")
    return found


def _days(number: int) -> str:
    return "less than a day" if number < 1 else "1 day" if number == 1 else f"{number:,} days"


def _hours(begin: datetime, until: datetime, zone: str) -> list[Span]:
    local = begin.astimezone(ZoneInfo(zone))
    mark = begin - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    marks = [mark]
    while marks[-1] <= until:
        marks.append(marks[-1] + timedelta(hours=1))
    return _between(marks)


def _between(marks: list[datetime]) -> list[Span]:
    return [Span(begin, end) for begin, end in pairwise(marks)]


def _midnight(day: date, zone: str) -> datetime:
    return times.end_of_day(day - timedelta(days=1), zone)


def _month(first: date, number: int) -> date:
    years, month = divmod(first.month - 1 + number, 12)
    return date(first.year + years, month + 1, 1)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return bool(address and (address.is_loopback or address.is_unspecified))


def _is_private(host: str) -> bool:
    address = _address(host)
    return bool(address and address.is_private)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
