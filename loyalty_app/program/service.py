"""Read and make the program."""

from sqlmodel import Session

from loyalty_app.core.errors import InvalidError
from loyalty_app.program import rules
from loyalty_app.program.models import THE_ONE, Program

BEFORE_SETUP = Program(name="Loyalty", time_zone="UTC", currency="EUR", locale="en-US")


def current(session: Session) -> Program:
    """Return the program, or what stands in for it until setup is done."""
    return session.get(Program, THE_ONE) or BEFORE_SETUP


def is_set_up(session: Session) -> bool:
    """Return whether somebody has set the program up."""
    return session.get(Program, THE_ONE) is not None


def make(session: Session, name: str, time_zone: str, currency: str, locale: str) -> Program:
    """Make the one program; the primary key refuses a second."""
    name = name.strip()
    if problems := rules.problems(name, time_zone, currency, locale):
        raise InvalidError(**problems)

    program = Program(name=name, time_zone=time_zone, currency=currency, locale=locale)
    session.add(program)
    session.flush()
    return program
