"""What happens at the sample café, and when: the same six weeks every time, ending now."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.models import Channel
from loyalty_app.offers.rules import Draft

WEEKS = 6
TODAY = WEEKS
"""The step after the weeks: what an owner does today."""

HOURS = {7: 4, 8: 9, 9: 7, 10: 5, 11: 5, 12: 9, 13: 8, 14: 5, 15: 6, 16: 8, 17: 6, 18: 4, 19: 2}
DAYS = (0.8, 0.8, 0.9, 1.0, 1.3, 1.6, 1.1)
"""Monday first."""

STAFF = (
    ("Nadia Haddad", "marketer"),
    ("Jonas Weber", "staff"),
    ("Lucía Ortega", "staff"),
    ("Priya Raman", "viewer"),
    ("Magda Zielińska", "lead"),
)
PLACES = (
    ("Old Town", "12 Market Square"),
    ("Harbour", "3 Pier Street"),
    ("Station kiosk", "Platform 1, Central Station"),
)
DEVICES = (("Bar tablet", "Old Town"), ("Window till", "Harbour"))
"""Each with the location where it stands; the kiosk has none yet."""
DEMO_MEMBER = "Mia Lindgren"

FIRST_NAMES = (
    "Aisha Amara Anna Arjun Bilal Chen Clara Daniel Elif Emeka Fatima Felix Freya Giulia Hana Hugo Ingrid Ivan Jamal"
    " Kasia Kenji Lars Layla Leila Li Lina Lukas Maja Marco Mateo Mei Mohammed Nia Noah Olga Omar Paulo Rania Ravi"
    " Rosa Sami Sofia Sven Tariq Tomasz Uma Viktor Wanjiru Yara Yuki Zeynep"
).split()
LAST_NAMES = (
    "Abadi Adeyemi Ahmed Andersson Bauer Bianchi Chen Cohen Diallo Dubois Fischer Garcia Haddad Hansen Hoffmann Iyer"
    " Jansen Kamau Kaya Kim Kowalska Kowalski Larsen Lopez Mansour Meyer Moreau Mwangi Nakamura Nguyen Novak Okafor"
    " Olsen Petrova Popescu Rossi Salem Santos Schmidt Sharma Silva Singh Suzuki Tanaka Torres Wagner Wang Yilmaz"
).split()
MEMBERS = 150


class Deed(StrEnum):
    """What can happen."""

    BATCH = "batch"
    JOIN = "join"
    CLAIM = "claim"
    SCAN = "scan"
    MISTAKE = "mistake"
    PRINT = "print"
    COLLECT = "collect"


@dataclass(frozen=True)
class Event:
    """One thing that happens at a moment."""

    at: datetime
    deed: Deed
    batch: str = ""
    member: str = ""
    text: str = ""
    serial: int = 0


@dataclass(frozen=True)
class Series:
    """A batch, and how people take to it."""

    name: str
    offer: str
    channel: Channel
    total: int
    began: int
    """Days before now."""
    lasts: int
    """Days from its beginning to its last day."""
    claims: int
    """Presses of the claim button; more than there are vouchers find none."""
    used: float
    """The share of claimed vouchers that come to the counter."""
    fades: float = 0.0
    """How fast interest is lost: a letter is read at once, a sign hangs for weeks."""


@dataclass(frozen=True)
class Print:
    """A batch of printed QR codes that pay points, and how they are collected."""

    name: str
    prefix: str
    total: int
    parameters: tuple[tuple[str, str], ...]
    began: int
    """Days before now."""
    lasts: int
    """Days from its beginning to its last day."""
    used: int
    """Codes that members scan."""
    asks: tuple[Field, ...] = ()

    @property
    def scanned(self) -> range:
        """Return the serials that somebody may scan; the last ones stay on the roll."""
        return range(1, self.total + 1 - LOST)

    @property
    def lost(self) -> range:
        """Return the serials of a piece of the roll that nobody finds any more."""
        return range(self.total + 1 - LOST, self.total + 1)


@dataclass(frozen=True)
class Story:
    """Everybody and everything in it."""

    events: list[Event] = field(default_factory=list)

    def week(self, number: int, began: datetime) -> list[Event]:
        """Return what happened in one week, in order."""
        start, end = began + timedelta(weeks=number), began + timedelta(weeks=number + 1)
        return [event for event in self.events if start <= event.at < end]


OFFERS: dict[str, Draft] = {
    "coffee": Draft(
            title="A coffee on us",
            description="Any coffee from our menu, freshly made.",
            terms="One coffee, any size. One voucher each visit. Not exchangeable for cash.",
            reward_item="One coffee, any size",
            valid_days="21",
            translations={
                "de-DE": {
                    "title": "Ein Kaffee aufs Haus",
                    "description": "Ein Kaffee nach Wahl von unserer Karte, frisch zubereitet.",
                    "terms": "Ein Kaffee, jede Größe. Ein Gutschein pro Besuch. Keine Barauszahlung.",
                    "reward_item": "Ein Kaffee, jede Größe",
                },
                "ar": {
                    "title": "قهوة على حسابنا",
                    "description": "أي قهوة من قائمتنا، محضّرة طازجة.",
                    "terms": "قهوة واحدة، أي حجم. قسيمة واحدة لكل زيارة. لا تُستبدل نقدًا.",
                    "reward_item": "قهوة واحدة، أي حجم",
                },
            },
    ),
    "cake": Draft(
            title="Weekend cake, 20% off",
            description="Every cake behind the glass, Saturday and Sunday.",
            terms="On cakes by the slice.",
            reward_kind="percent",
            reward_value="20",
            translations={
                "de-DE": {
                    "title": "Wochenendkuchen, 20 % günstiger",
                    "description": "Jeder Kuchen hinter Glas, Samstag und Sonntag.",
                    "terms": "Auf Kuchen im Stück.",
                }
            },
    ),
    "dinner": Draft(
            title="Five off your dinner",
            description="Our evening kitchen is open Thursday to Saturday.",
            terms="Once each table.",
            reward_kind="amount",
            reward_value="5",
            minimum_purchase="25",
    ),
    "tasting": Draft(
            title="A bag of beans from the tasting",
            description="For everybody who came to our coffee tasting.",
            reward_item="250 g of beans",
    ),
    "tea": Draft(
            title="Rainy day tea",
            description="A pot of tea for two while it rains.",
            reward_item="A pot of tea",
            valid_days="10",
    ),
    "points": Draft(
        title="100 welcome points",
        description="A start for new members.",
        reward_kind="points",
        reward_value="100",
    ),
}  # fmt: skip

PAUSED = "Weekend cake - Counter sign"
FROZEN = "Evening kitchen - Flyer"
OVER = "Rainy days - SMS"
SERIES = (
    Series("Coffee - Email list", "coffee", Channel.EMAIL, 300, 34, 75, 92, 0.17, 0.25),
    Series("Coffee - Counter sign", "coffee", Channel.IN_STORE, 120, 33, 75, 74, 0.52),
    Series("Coffee - Social", "coffee", Channel.SOCIAL, 200, 31, 75, 41, 0.08, 0.12),
    Series(OVER, "tea", Channel.SMS, 60, 40, 24, 38, 0.3, 0.1),
    Series("Tasting evening - Event", "tasting", Channel.EVENT, 24, 18, 60, 29, 0.72, 0.9),
    Series(PAUSED, "cake", Channel.IN_STORE, 80, 27, 60, 33, 0.45),
    Series(FROZEN, "dinner", Channel.PRINT, 150, 20, 45, 22, 0.3, 0.05),
    Series("New members - Website", "points", Channel.WEBSITE, 100, 9, 90, 14, 0.2),
)

LOST = 6
REGULARS = 60
"""How many members collect; the first of them come most often."""
BREWED = Field("How do you brew?", FieldType.CHOICE, choices=("Espresso", "Filter", "French press", "Moka pot"))
PRINTS = (
    Print("Cups - First print", "CUP", 400, (("points", "20"), ("product", "cup")), 36, 120, 110),
    Print("Bean bags - House roast", "", 120, (("points", "50"), ("roast", "house")), 24, 90, 34, (BREWED,)),
    Print("Opening week - Flyer", "", 24, (("points", "100"), ("campaign", "opening")), 41, 12, 15),
)


def with_picture(draft: Draft, digest: str) -> Draft:
    """Return the draft of an offer with its picture."""
    return replace(draft, picture=digest)


def people() -> list[str]:
    """Return the names of all members, the one to try things out with first."""
    chance = Random("people")  # noqa: S311 - the same café every time
    names = {DEMO_MEMBER: None}
    while len(names) < MEMBERS:
        names[f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"] = None
    return list(names)


def email_of(name: str) -> str:
    """Return an address that reaches nobody."""
    plain = name.lower().translate(str.maketrans("áéíóúüäöåßń", "aeiouuaoasn"))
    return f"{plain.replace(' ', '.')}@example.com"


def story(now: datetime, zone: str) -> tuple[datetime, Story]:
    """Return when the six weeks began, and everything that happened in them, in order."""
    began = now - timedelta(weeks=WEEKS)
    made, joined = [], {}
    for one in SERIES:
        opened = _open_hour(now - timedelta(days=one.began), zone, 9)
        made.append(Event(opened, Deed.BATCH, one.name))
        for claim, scan in _life(one, opened, now, zone):
            made.append(claim)
            joined[claim.member] = min(joined.get(claim.member, now), claim.at)
            made += [scan] if scan else []
    for one in PRINTS:
        opened = _open_hour(now - timedelta(days=one.began), zone, 8)
        made.append(Event(opened, Deed.PRINT, one.name))
        for collected in _collected(one, opened, now, zone):
            made.append(collected)
            joined[collected.member] = min(joined.get(collected.member, now), collected.at)
    made += [Event(at - timedelta(minutes=3), Deed.JOIN, member=name) for name, at in joined.items()]
    made += _mistakes(began, now, zone)
    return began, Story(sorted(made, key=lambda event: (event.at, event.deed)))


def _life(one: Series, opened: datetime, now: datetime, zone: str) -> list[tuple[Event, Event | None]]:
    chance = Random(one.name)  # noqa: S311
    end = min(now, opened + timedelta(days=one.lasts))
    days = max(1, (end - opened).days)
    who = chance.sample(people()[1:], one.claims)
    if one.offer in {"coffee", "tea"} and one.channel is not Channel.SOCIAL:
        who[0] = DEMO_MEMBER
    lived = []
    for name in who:
        day = min(days, int(chance.expovariate(one.fades))) if one.fades else _busy_day(chance, opened, days, zone)
        at = min(_moment(chance, opened + timedelta(days=day), zone), end - timedelta(minutes=chance.randint(20, 400)))
        at = max(at, opened + timedelta(minutes=chance.randint(5, 300)))
        scan = None
        if chance.random() < one.used:
            used = _moment(chance, at + timedelta(days=1 + int(chance.expovariate(0.35))), zone)
            scan = Event(used, Deed.SCAN, one.name, name) if at < used < now else None
        lived.append((Event(at, Deed.CLAIM, one.name, name), scan))
    return lived


def _collected(one: Print, opened: datetime, now: datetime, zone: str) -> list[Event]:
    """Return who scans which printed code; now and then somebody tries one that another has used."""
    chance = Random(one.name)  # noqa: S311
    days = min(one.lasts, one.began)
    regulars = people()[:REGULARS]
    often = [(number + 1) ** -0.5 for number in range(REGULARS)]
    serials = chance.sample(one.scanned, one.used)
    serials += chance.sample(serials, one.used // 12)
    made = []
    for serial in serials:
        day = opened + timedelta(days=_busy_day(chance, opened, days, zone))
        at = max(_moment(chance, day, zone), opened + timedelta(minutes=chance.randint(5, 300)))
        name = chance.choices(regulars, often)[0]
        made += [Event(at, Deed.COLLECT, one.name, name, chance.choice(BREWED.choices), serial)] if at < now else []
    return made


def _mistakes(began: datetime, now: datetime, zone: str) -> list[Event]:
    """Return what goes wrong at a counter: used vouchers, links instead of codes, smudged prints."""
    chance = Random("mistakes")  # noqa: S311
    texts = ("again", "again", "again", "link", "KAWA2345", "voucher please", "7Q4M9XKTWD", "unclaimed")
    made = []
    for day in range(2, (now - began).days):
        if chance.random() < 0.6:  # noqa: PLR2004 - not every day
            at = _moment(chance, began + timedelta(days=day), zone)
            made += [Event(at, Deed.MISTAKE, text=chance.choice(texts))] if at < now else []
    return made


def _busy_day(chance: Random, opened: datetime, days: int, zone: str) -> int:
    first = opened.astimezone(ZoneInfo(zone)).weekday()
    return chance.choices(range(days), [DAYS[(first + day) % 7] for day in range(days)])[0]


def _moment(chance: Random, day: datetime, zone: str) -> datetime:
    hour = chance.choices(list(HOURS), list(HOURS.values()))[0]
    return _open_hour(day, zone, hour) + timedelta(minutes=chance.randint(0, 59), seconds=chance.randint(0, 59))


def _open_hour(day: datetime, zone: str, hour: int) -> datetime:
    local = day.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(hour), ZoneInfo(zone)).astimezone(day.tzinfo)
