"""Hand one letter to the mail server, or to the outbox folder where there is none."""

import os
import smtplib
import ssl
import time
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import EmailPolicy
from pathlib import Path

from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.config import settings
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.engine import Store, TryAgainError
from loyalty_app.jobs.models import Job
from loyalty_app.mail import rules
from loyalty_app.mail import service as mails
from loyalty_app.mail.models import Mail
from loyalty_app.mail.rules import MailServer

ANSWER_SECONDS = 10.0
"""How long a mail server may be silent."""
TAKES = timedelta(seconds=40)
"""What a slow server may need for a whole letter; only then is the one who sends it believed dead."""
DOWN_SECONDS = 5.0
"""For so long after nobody answered no other letter knocks: other jobs want the thread."""

REFUSED_FOR_GOOD = 500

_down_until: dict[MailServer, float] = {}


class NotSentError(Exception):
    """A letter could not be handed over; says why without saying to whom."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        """Say why, and whether it is no use to try again."""
        super().__init__(why)
        self.is_final = is_final


def prepare(session: Session, job: Job) -> Store | None:
    """Send the letter, unless it is sent or gone; return what remembers it."""
    mail = session.get(Mail, job.subject_id)
    session.close()  # nobody waits for a mail server with a hand on the database
    if mail is None or mail.sent_at:
        return None
    _send(mail)

    def store(session: Session, now: datetime) -> int | None:
        if not jobs.move(session, job, 1, now=now):
            return None
        mails.mark_sent(session, job.subject_id, now=now)
        return 1

    return store


def _send(mail: Mail) -> None:
    sender = rules.sender(settings().mail_from, settings().origin)
    url = settings().smtp_url.get_secret_value()
    if not url:
        _drop(rules.letter(mail, sender, "8bit"), settings().data_dir / mails.OUTBOX / rules.file_name(mail))
        return
    try:
        _hand_over(rules.letter(mail, sender, "quoted-printable"), url)
    except NotSentError as problem:
        pause = rules.pause(mail, times.now())
        if pause is None or problem.is_final:
            raise
        raise TryAgainError(pause, str(problem)) from None


def _drop(letter: EmailMessage, file: Path) -> None:
    # Under another name until it is whole; sent once more after a crash, it is the same file.
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(letter.as_bytes(policy=EmailPolicy(utf8=True)))
    unfinished.replace(file)


def _hand_over(letter: EmailMessage, url: str) -> None:
    try:
        server = rules.server(url)
    except ValueError as problem:
        raise NotSentError(str(problem)) from None
    if time.monotonic() < _down_until.get(server, 0.0):
        raise NotSentError("the mail server did not answer a moment ago")
    try:
        with _connected(server) as connection:
            _introduce(connection, server)
            connection.send_message(letter)
    except smtplib.SMTPRecipientsRefused as problem:  # its words hold the address
        worst = max(code for code, _ in problem.recipients.values())
        raise NotSentError(f"recipient refused with {worst}", is_final=worst >= REFUSED_FOR_GOOD) from None
    except smtplib.SMTPDataError as problem:
        refused = problem.smtp_code
        raise NotSentError(f"letter refused with {refused}", is_final=refused >= REFUSED_FOR_GOOD) from None
    except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as problem:
        raise NotSentError(f"{type(problem).__name__} {getattr(problem, 'smtp_code', '')}".strip()) from None
    except OSError as problem:  # among them that the server hung up
        _down_until[server] = time.monotonic() + DOWN_SECONDS
        raise NotSentError(type(problem).__name__) from None


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.is_tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=ANSWER_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=ANSWER_SECONDS)


def _introduce(connection: smtplib.SMTP, server: MailServer) -> None:
    connection.ehlo()
    is_private = server.is_tls or server.is_here
    if not server.is_tls and connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
        is_private = True
    if server.user:
        if not is_private:
            raise NotSentError("the mail server offers no encryption, and the password is not sent without it")
        connection.login(server.user, server.password)
