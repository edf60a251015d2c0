"""Who may do what, which addresses and passwords are acceptable, and what the letters say."""

import re
import unicodedata
from datetime import timedelta

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from loyalty_app.accounts.models import Role
from loyalty_app.core.actor import Permission
from loyalty_app.core.languages import Language, Sentence

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
            Permission.VIEW_REDEMPTIONS,
            Permission.SUPPORT,
            Permission.PUBLIC,
        }
    ),
    Role.LEAD: frozenset(
        {
            Permission.REDEEM,
            Permission.VIEW_REDEMPTIONS,
            Permission.REVERSE_REDEMPTIONS,
            Permission.GOODWILL,
            Permission.SUPPORT,
            Permission.PUBLIC,
        }
    ),
    Role.STAFF: frozenset({Permission.REDEEM, Permission.VIEW_REDEMPTIONS, Permission.PUBLIC}),
    Role.VIEWER: frozenset({Permission.VIEW_DASHBOARD, Permission.VIEW_REDEMPTIONS, Permission.PUBLIC}),
    Role.MEMBER: frozenset({Permission.CLAIM, Permission.PUBLIC}),
}

BY_PIN = frozenset(
    {
        Permission.REDEEM,
        Permission.VIEW_REDEMPTIONS,
        Permission.GOODWILL,
        Permission.REVERSE_REDEMPTIONS,
        Permission.SUPPORT,
        Permission.PUBLIC,
    }
)
"""What a PIN can open, whatever else the account may do: an admin's four digits do not reach the settings."""

HOME = {
    Role.ADMIN: "/admin/",
    Role.MARKETER: "/admin/",
    Role.VIEWER: "/admin/",
    Role.LEAD: "/scan/",
    Role.STAFF: "/scan/",
}
"""Where a role lands after signing in; a member's cards are the default."""

PASSWORD_LENGTH = range(8, 201)
NAME_LENGTH = 80

NOT_AN_ADDRESS = Sentence("Enter an e-mail address like ana@example.com.")

SESSION_LENGTH = {Role.MEMBER: timedelta(days=60)}
WORKING_DAY = timedelta(hours=16)

THROTTLE_WINDOW = timedelta(minutes=15)
FAILURES_A_PLACE = 5
"""For one address from one network peer: who locks a door locks it for themselves, not for the owner elsewhere."""
FAILURES_AN_ADDRESS = 50
"""For one address from anywhere; a guesser with many peers stops here."""
FAILURES_A_PEER = 30
LETTERS_A_PLACE = 5
"""Codes and links that one network peer may have sent to one address; nobody's mailbox is flooded from here."""
LETTERS_AN_ADDRESS = 20
LETTERS_A_PEER = 120
"""Generous: a whole queue of members shares the shop's Wi-Fi."""

CODE_LENGTH = 6
ENTRY_CODE_LENGTH = 8
"""Longer: this code also opens an account that there is, so fewer guesses may come near it."""
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
RESET_LIFE = timedelta(hours=1)
PENDING_LIFE = timedelta(days=1)
"""For so long after the code is over a new one can be sent; then whoever wanted to join begins again."""

# The first that is found counts: Edge calls itself Chrome too, and Chrome calls itself Safari.
BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
)
SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"CrOS", "ChromeOS"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X", "Mac"),
    (r"Linux", "Linux"),
)


def normal_email(text: str) -> str | None:
    """Return the address in the one form that is stored and compared, or None if it is none."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def problems(name: str, email: str, password: str) -> dict[str, str]:
    """Return a sentence for each field of a new account that is not acceptable."""
    found = {"name": name_problem(name), "password": password_problem(password, email)}
    if normal_email(email) is None:
        found["email"] = NOT_AN_ADDRESS
    return {field: found[field] for field in ("name", "email", "password") if found.get(field)}


def name_problem(name: str) -> str:
    """Return what is wrong with a name, or nothing."""
    if not name.strip():
        return Sentence("Enter a name.")
    if len(name.strip()) > NAME_LENGTH:
        return Sentence("Keep the name to {most} characters.", most=NAME_LENGTH)
    return ""


def password_problem(password: str, email: str) -> str:
    """Return what is wrong with a new password, or nothing."""
    if len(password.strip()) < PASSWORD_LENGTH.start:
        return Sentence("Use at least {least} characters.", least=PASSWORD_LENGTH.start)
    if len(password) >= PASSWORD_LENGTH.stop:
        return Sentence("Use at most {most} characters.", most=PASSWORD_LENGTH.stop - 1)
    if password.lower() == email.strip().lower():
        return Sentence("Choose a password that is not your e-mail address.")
    return ""


def digits(text: str) -> str:
    """Return the digits of a typed code, whatever script and spaces it was typed with."""
    return "".join(str(unicodedata.digit(sign)) for sign in text if unicodedata.digit(sign, None) is not None)


def device(user_agent: str) -> str:
    """Return what a browser says it is, in a few words; nothing where it says nothing we know."""
    browser = next((name for pattern, name in BROWSERS if re.search(pattern, user_agent)), "")
    system = next((name for pattern, name in SYSTEMS if re.search(pattern, user_agent)), "")
    return f"{browser} on {system}" if browser and system else browser or system


def code_letter(words: Language, program: str, code: str) -> tuple[str, str]:
    """Return subject and body of the letter with a sign-up code; the code stays out of the subject, which is kept."""
    return words("Your code for {program}", program=program), _paragraphs(
        words("Your code is {code}.", code=code),
        words("Enter it on the page where you signed up. It works for 15 minutes."),
        words("If you did not sign up, ignore this letter. Nothing happens without the code."),
    )


def entry_letter(words: Language, program: str, code: str) -> tuple[str, str]:
    """Return subject and body of the letter with a code that lets its reader in, new or known."""
    return words("Your code for {program}", program=program), _paragraphs(
        words("Your code is {code}.", code=code),
        words("Enter it on the page where you collect your points. It works for 15 minutes."),
        words("If you did not ask for it, ignore this letter. Nothing happens without the code."),
    )


def work_letter(words: Language, program: str, sign_in: str) -> tuple[str, str]:
    """Return subject and body for somebody who works here and asked for points with that address."""
    return words("You have an account at {program}", program=program), _paragraphs(
        words("Somebody, probably you, asked for points with this address. It has an account for work."),
        words("Sign in: {link}", link=sign_in),
        words("Points are for members: collect them with an address of your own."),
        words("If it was not you, ignore this letter. Nothing was changed."),
    )


def known_letter(words: Language, program: str, sign_in: str, forgot: str) -> tuple[str, str]:
    """Return subject and body for somebody who signs up with the address of an account that there is."""
    return words("You have an account at {program}", program=program), _paragraphs(
        words("Somebody, probably you, signed up with this address. It has an account already."),
        words("Sign in: {link}", link=sign_in),
        words("If you forgot the password: {link}", link=forgot),
        words("If it was not you, ignore this letter. Nothing was changed."),
    )


def reset_letter(words: Language, program: str, link: str) -> tuple[str, str]:
    """Return subject and body of the letter with a link to choose a new password."""
    return words("A new password for {program}", program=program), _paragraphs(
        words("Choose a new password here: {link}", link=link),
        words("The link works once, for one hour. Then you are signed out everywhere else."),
        words("If you did not ask for it, ignore this letter. Your password stays as it is."),
    )


def session_length(role: Role) -> timedelta:
    """Return how long a browser stays signed in: a member's phone long, a till for one working day."""
    return SESSION_LENGTH.get(role, WORKING_DAY)


def home(role: str, *, is_by_pin: bool = False) -> str:
    """Return the page a role works on; whoever came by PIN works at the counter."""
    return HOME[Role.STAFF] if is_by_pin else HOME.get(Role(role), "/my/cards/")


def safe_return(path: str) -> str:
    """Return the path if it leads to a page of this program, else nothing."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
    return path if is_local else ""


def _paragraphs(*sentences: str) -> str:
    return "\n\n".join(sentences) + "\n"
