"""Read, make and change the program."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from loyalty_app.audit import service as audit
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job
from loyalty_app.pictures import service as pictures
from loyalty_app.program import rules
from loyalty_app.program.models import THE_ONE, Program

TOPIC = "program"
SAMPLE_DATA = "sample_data"
"""The job kind; only `worker.py` knows who makes it."""
SAMPLE_STEPS = 7

BEFORE_SETUP = Program(name="Loyalty", time_zone="UTC", currency="EUR", locale="en-US")


@dataclass(frozen=True)
class Face:
    """What everybody sees of the program."""

    name: str
    logo: str
    """The address of the picture, or nothing."""
    brand_color: str
    about: str
    website: str
    contact: str


def face(session: Session) -> Face:
    """Return what every page shows of the program."""
    program = current(session)
    logo = pictures.shown(session, {program.logo_id}).get(program.logo_id)
    return Face(
        program.name,
        logo.url if logo else "",
        program.brand_color,
        program.about,
        program.website,
        program.contact,
    )


def current(session: Session) -> Program:
    """Return the program, or what stands in for it until setup is done."""
    return session.get(Program, THE_ONE) or BEFORE_SETUP


def hold(session: Session) -> None:
    """Let whoever else holds the program wait until this transaction is over."""
    session.exec(select(Program.id).where(Program.id == THE_ONE).with_for_update(key_share=True)).first()


def is_set_up(session: Session) -> bool:
    """Return whether somebody has set the program up."""
    return session.get(Program, THE_ONE) is not None


def ask_for_sample_data(session: Session, account_id: int, *, now: datetime) -> Job:
    """Have a sample café made in the background, whose people share the password of this account."""
    return jobs.enqueue(session, SAMPLE_DATA, account_id, SAMPLE_STEPS, now=now)


def make(session: Session, name: str, time_zone: str, currency: str, locale: str) -> Program:
    """Make the one program; the primary key refuses a second."""
    name = name.strip()
    if problems := rules.problems(name, time_zone, currency, locale):
        raise InvalidError(**problems)

    program = Program(name=name, time_zone=time_zone, currency=currency, locale=locale)
    session.add(program)
    session.flush()
    live.announce(session, TOPIC)
    return program


def update(session: Session, draft: rules.Draft, *, by: Actor, now: datetime) -> Program:
    """Change the business profile; what was promised before keeps its instants and amounts."""
    by.must(Permission.PROGRAM_MANAGEMENT)
    program = session.get(Program, THE_ONE)
    if program is None:
        raise NotFoundError("program")
    profile = rules.read(draft, program.currency)
    if isinstance(profile, dict):
        raise InvalidError(**profile)
    values = vars(profile) | {"logo_id": pictures.chosen(session, draft.logo, "logo")}

    changed = [name for name, value in values.items() if getattr(program, name) != value]
    for name in changed:
        setattr(program, name, values[name])
    if changed:
        session.add(program)
        words = ", ".join(name.removesuffix("_id").replace("_", " ") for name in changed)
        audit.record(session, "change", "program", words, by=by, now=now)
        live.announce(session, TOPIC)
    return program
