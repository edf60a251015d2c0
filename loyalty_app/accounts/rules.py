"""Who may do what, and which addresses and passwords are acceptable."""

from datetime import timedelta

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from loyalty_app.accounts.models import Role
from loyalty_app.core.actor import Permission

# A shop's own mail may live on .local, and a trial on .test; the library refuses both unless told.
SPECIAL_USE_DOMAIN_NAMES[:] = [name for name in SPECIAL_USE_DOMAIN_NAMES if name not in {"local", "test"}]

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - {Permission.CLAIM},
    Role.MARKETER: frozenset(
        {
            Permission.VIEW_DASHBOARD,
            Permission.QR_CODE_MANAGEMENT,
            Permission.OFFER_MANAGEMENT,
            Permission.VIEW_MEMBERS,
            Permission.PUBLIC,
        }
    ),
    Role.STAFF: frozenset({Permission.REDEEM, Permission.PUBLIC}),
    Role.VIEWER: frozenset({Permission.VIEW_DASHBOARD, Permission.PUBLIC}),
    Role.MEMBER: frozenset({Permission.CLAIM, Permission.PUBLIC}),
}

HOME = {Role.ADMIN: "/admin/", Role.MARKETER: "/admin/", Role.VIEWER: "/admin/", Role.STAFF: "/scan/"}
"""Where a role lands after signing in; a member's cards are the default."""

PASSWORD_LENGTH = range(8, 201)
NAME_LENGTH = 80

SESSION_LENGTH = {Role.MEMBER: timedelta(days=60)}
WORKING_DAY = timedelta(hours=16)

THROTTLE_WINDOW = timedelta(minutes=15)
FAILURES_A_PLACE = 5
"""For one address from one network peer: who locks a door locks it for themselves, not for the owner elsewhere."""
FAILURES_AN_ADDRESS = 50
"""For one address from anywhere; a guesser with many peers stops here."""
FAILURES_A_PEER = 30
SIGN_UPS_A_PEER = 120
"""Generous: a whole queue of members shares the shop's Wi-Fi."""


def normal_email(text: str) -> str | None:
    """Return the address in the one form that is stored and compared, or None if it is none."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def problems(name: str, email: str, password: str) -> dict[str, str]:
    """Return a sentence for each field of a new account that is not acceptable."""
    found = {}
    if not name.strip():
        found["name"] = "Enter a name."
    elif len(name.strip()) > NAME_LENGTH:
        found["name"] = f"Keep the name to {NAME_LENGTH} characters."
    if normal_email(email) is None:
        found["email"] = "Enter an e-mail address like ana@example.com."
    if len(password.strip()) < PASSWORD_LENGTH.start:
        found["password"] = f"Use at least {PASSWORD_LENGTH.start} characters."
    elif len(password) >= PASSWORD_LENGTH.stop:
        found["password"] = f"Use at most {PASSWORD_LENGTH.stop - 1} characters."
    elif password.lower() == email.strip().lower():
        found["password"] = "Choose a password that is not your e-mail address."  # noqa: S105 - a sentence
    return found


def session_length(role: Role) -> timedelta:
    """Return how long a browser stays signed in: a member's phone long, a till for one working day."""
    return SESSION_LENGTH.get(role, WORKING_DAY)


def home(role: str) -> str:
    """Return the page a role works on."""
    return HOME.get(Role(role), "/my/cards/")


def safe_return(path: str) -> str:
    """Return the path if it leads to a page of this program, else nothing."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
    return path if is_local else ""
