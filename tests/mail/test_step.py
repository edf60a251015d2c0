"""A letter reaches a real mail server, or the outbox folder, also after an outage or a crash."""

import email
import email.policy
import logging
import socket
import threading
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlmodel import select

from loyalty_app import worker
from loyalty_app.core import config, times
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.mail import service as mails
from loyalty_app.mail import step
from loyalty_app.mail.models import Mail
from tests.doors import change, give_way, rows, see

pytestmark = pytest.mark.usefixtures("database")

BODY = "Ihr Code für Kawa: 123456\n"
READY = 60.0
"""Seconds that the mail server may take to start on a busy machine."""


class PostOffice:
    """Keeps what a server is handed; refuses recipients by their first part."""

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - the library's name
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - as above
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 OK"


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.setattr(step, "_down_until", {})
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(tmp_path / "data"))
    config.settings.cache_clear()
    yield
    config.settings.cache_clear()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def smtp(port, monkeypatch):
    """Name a server on this machine; a test starts it when it wants to."""
    monkeypatch.setenv("LOYALTY_SMTP_URL", f"smtp://127.0.0.1:{port}")
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=port, ready_timeout=READY)
    office.open = controller.start
    yield office
    if controller.loop.is_running():
        controller.stop()
    else:
        controller.loop.close()


def written(recipient="mia@example.com", now=None):
    return change(mails.write, recipient, "Your code", BODY, now=now or times.now())


def work():
    """Run what a worker would find to do now."""
    for job_id in see(jobs.waiting, now=times.now()):
        engine.run(job_id, worker.KINDS)


def wait_no_more(session):
    for job in session.exec(select(Job)):
        job.beat_at = times.now()


def outbox():
    return sorted((config.settings().data_dir / "outbox").glob("*"))


def test_a_letter_is_sent_once_though_remembering_it_is_tried_again(smtp, monkeypatch):
    mark, tries = mails.mark_sent, []

    def hindered(session, *args, **kwargs):
        mark(session, *args, **kwargs)
        tries.append(1)
        if len(tries) == 1:
            give_way(session)

    monkeypatch.setattr(mails, "mark_sent", hindered)
    smtp.open()
    written()
    work()

    assert len(tries) == 2
    assert len(smtp.letters) == 1
    assert rows(Mail)[0].sent_at
    assert [job.status for job in rows(Job)] == [JobStatus.DONE]


def test_a_letter_reaches_the_server_and_is_forgotten_here(smtp):
    smtp.open()
    written()
    work()

    ((recipients, letter),) = smtp.letters
    assert recipients == ["mia@example.com"]
    assert letter["Subject"] == "Your code"
    assert letter.get_content().replace("\r\n", "\n") == BODY
    (mail,) = rows(Mail)
    assert mail.body == ""
    assert mail.sent_at
    assert [job.status for job in rows(Job)] == [JobStatus.DONE]


def test_without_a_server_a_letter_is_a_file_of_the_owners_only():
    written()
    work()

    (file,) = outbox()
    assert "mia@example.com" in file.name
    assert "für Kawa: 123456" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert rows(Mail)[0].body == ""


def test_a_letter_of_a_transaction_that_failed_is_never_sent():
    def stumble(session):
        mails.write(session, "mia@example.com", "Your code", BODY, now=times.now())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change(stumble)
    work()

    assert rows(Mail) == []
    assert outbox() == []


def test_a_server_that_is_down_at_first_gets_the_letter_when_it_is_up(smtp, caplog):
    written()
    work()
    assert [job.status for job in rows(Job)] == [JobStatus.QUEUED]
    assert see(jobs.waiting, now=times.now()) == []  # not before its pause is over
    assert "ConnectionRefusedError" in caplog.text
    assert "123456" not in caplog.text

    smtp.open()
    step._down_until.clear()
    change(wait_no_more)
    work()
    assert len(smtp.letters) == 1
    assert [job.status for job in rows(Job)] == [JobStatus.DONE]


def test_after_a_server_did_not_answer_the_next_letters_do_not_knock(smtp, monkeypatch):
    knocks = []

    def knock(server):
        knocks.append(server)
        raise ConnectionRefusedError

    monkeypatch.setattr(step, "_connected", knock)
    for _ in range(3):
        written()
    work()

    assert len(knocks) == 1
    assert [job.status for job in rows(Job)] == [JobStatus.QUEUED] * 3


def test_a_letter_that_nobody_takes_is_given_up_and_logged_without_what_it_says(smtp, caplog):
    written(now=times.now() - timedelta(hours=2))
    with caplog.at_level(logging.DEBUG):
        work()

    assert [job.status for job in rows(Job)] == [JobStatus.FAILED]
    assert "send_mail) failed" in caplog.text
    assert "123456" not in caplog.text
    assert "mia@example.com" not in caplog.text
    assert (rows(Mail)[0].body, rows(Mail)[0].sent_at) == ("", None)


def test_a_mailbox_that_does_not_exist_is_not_tried_again_and_a_busy_one_is(smtp):
    smtp.open()
    written("nobody@example.com")
    written("later@example.com")
    written("mia@example.com")
    work()

    assert [job.status for job in rows(Job)] == [JobStatus.FAILED, JobStatus.QUEUED, JobStatus.DONE]


def test_a_worker_that_was_killed_before_sending_costs_no_letter():
    written()
    job_id = rows(Job)[0].id
    now = times.now()
    change(jobs.take_up, job_id, now=now)
    change(lambda session: jobs.beat(session, session.get(Job, job_id), now + step.TAKES))

    assert see(jobs.waiting, now=now + step.TAKES) == []  # a slow server is no crash
    later = now + step.TAKES + jobs.STALE_AFTER + timedelta(seconds=1)
    assert see(jobs.waiting, now=later) == [job_id]
    change(lambda session: jobs.beat(session, session.get(Job, job_id), now - timedelta(minutes=2)))
    work()
    assert len(outbox()) == 1


def test_a_worker_that_was_killed_after_sending_writes_the_same_file(monkeypatch):
    class KilledError(BaseException):
        """What `kill -9` looks like from inside."""

    def kill(*_args, **_kwargs):
        raise KilledError

    written()
    with monkeypatch.context() as patched:
        patched.setattr(mails, "mark_sent", kill)
        with pytest.raises(KilledError):
            work()
    (first,) = outbox()

    change(lambda session: jobs.beat(session, session.get(Job, 1), times.now() - timedelta(minutes=2)))
    work()
    assert outbox() == [first]
    assert rows(Mail)[0].sent_at


def test_two_workers_send_a_letter_once(smtp):
    smtp.open()
    job_id = written() and rows(Job)[0].id
    threads = [threading.Thread(target=engine.run, args=(job_id, worker.KINDS)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(smtp.letters) == 1


def test_the_program_introduces_itself_with_user_and_password(port, monkeypatch):
    monkeypatch.setenv("LOYALTY_SMTP_URL", f"smtp://ana%40kawa:p%2Fw@127.0.0.1:{port}")
    seen = []

    def check(_server, _session, _envelope, mechanism, data):
        seen.append((mechanism, data.login, data.password))
        return AuthResult(success=True)

    office = PostOffice()
    controller = Controller(
        office, hostname="127.0.0.1", port=port, ready_timeout=READY, authenticator=check, auth_require_tls=False
    )
    controller.start()
    try:
        written()
        work()
    finally:
        controller.stop()

    assert seen[0][1:] == (b"ana@kawa", b"p/w")
    assert len(office.letters) == 1


def test_a_password_is_never_sent_in_the_clear_to_another_machine(smtp, monkeypatch):
    smtp.open()
    monkeypatch.setenv("LOYALTY_SMTP_URL", config.settings().smtp_url.get_secret_value().replace("//", "//ana:pw@"))
    config.settings.cache_clear()
    monkeypatch.setattr(step.MailServer, "is_here", False)
    written()
    work()

    assert smtp.letters == []
    assert [job.status for job in rows(Job)] == [JobStatus.QUEUED]


def test_a_setting_that_names_no_server_loses_no_letter(monkeypatch, caplog):
    monkeypatch.setenv("LOYALTY_SMTP_URL", "mail.example:25")
    written()
    work()

    assert [job.status for job in rows(Job)] == [JobStatus.QUEUED]
    assert "LOYALTY_SMTP_URL has to look like" in caplog.text
