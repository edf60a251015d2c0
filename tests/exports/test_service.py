"""Who may ask for files, of which batches, and when they go."""

import io
from datetime import timedelta

import pypdfium2
import pytest
import sqlalchemy as sa
from PIL import Image

from loyalty_app.audit.models import AuditEntry
from loyalty_app.codes.service import Refused
from loyalty_app.core import times
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.exports import service as exports
from loyalty_app.exports import step
from loyalty_app.exports.models import Export, ExportKind
from loyalty_app.exports.rules import FORMATS, Draft
from loyalty_app.exports.service import PREPARE_FILE, Seen
from loyalty_app.jobs import engine
from loyalty_app.jobs.engine import Kind
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.pictures import drawing
from loyalty_app.pictures import service as pictures
from loyalty_app.program.models import Program
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database", "data_dir")

KINDS = {PREPARE_FILE: Kind(step.prepare, exports.fail)}
LABELS = ExportKind.LABELS


def asked(batch, kind=LABELS, now=NOON, **draft):
    return change(exports.prepare, batch.id, kind, Draft(**draft), by=ADMIN, now=now)


def made(batch, **draft):
    one = asked(batch, **draft)
    engine.run(one.job.id, KINDS)
    return see(exports.get, one.export.id, by=ADMIN)


def test_a_file_is_asked_for_and_waits_for_a_worker():
    batch = change(builders.scan_batch, 5)

    one = asked(batch, first="2", sheet="5160")

    assert (one.status, one.job.total, one.export.size, one.export.expires_at) == (JobStatus.QUEUED, 4, 0, None)
    assert one.export.name == "Cups-2-5-labels.pdf"
    for listed in (see(exports.listed, batch.id, by=ADMIN), see(exports.listed, by=ADMIN)):
        assert [found.export.id for found in listed] == [one.export.id]
    assert rows(AuditEntry)[-1].verb == "prepare"


def test_a_batch_of_vouchers_has_no_code_of_its_own_for_each():
    batch = change(builders.batch, 3)

    assert asked(batch) == Refused(Reason.WRONG_KIND)
    assert rows(Export) == rows(Job)[1:] == []


def test_codes_that_are_not_made_yet_cannot_be_printed():
    batch = change(builders.scan_batch, 0, quantity="5")

    assert asked(batch) == Refused(Reason.NOT_READY)
    assert see(exports.preview, batch.id, Draft(), by=ADMIN) == Refused(Reason.NOT_READY)


@pytest.mark.requirement("S0-28")
@pytest.mark.parametrize("who", [VIEWER, CASHIER], ids=["viewer", "cashier"])
def test_files_hold_codes_so_only_who_manages_them_may_have_them(who):
    batch = change(builders.scan_batch, 3)
    one = made(batch)

    for verb in (
        lambda: change(exports.prepare, batch.id, LABELS, Draft(), by=who, now=NOON),
        lambda: change(exports.delete, one.export.id, by=who, now=NOON),
        lambda: see(exports.listed, batch.id, by=who),
        lambda: see(exports.get, one.export.id, by=who),
        lambda: see(exports.preview, batch.id, Draft(), by=who),
    ):
        with pytest.raises(ForbiddenError):
            verb()


@pytest.mark.usefixtures("other_processes")
def test_the_same_wish_asked_at_once_is_one_file():
    batch = change(builders.scan_batch, 3)

    answers = at_once([lambda: asked(batch, start="2")] * 4)

    assert len({one.export.id for one in answers}) == len(rows(Export)) == 1
    assert [job.kind for job in rows(Job)].count(PREPARE_FILE) == 1
    assert [entry.verb for entry in rows(AuditEntry)].count("prepare") == 1


def test_another_wish_or_one_that_was_met_is_another_file():
    batch = change(builders.scan_batch, 3)

    first, other = made(batch), asked(batch, note="Thank you")
    again = asked(batch)

    assert len({first.export.id, other.export.id, again.export.id}) == 3
    assert asked(batch).export.id == again.export.id


def test_only_so_many_files_of_one_batch_lie_about():
    batch, other = change(builders.scan_batch, 3), change(builders.scan_batch, 3)
    for number in range(exports.MOST):
        asked(batch, note=str(number))

    with pytest.raises(InvalidError, match="Delete one"):
        asked(batch)
    assert asked(other)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"last": "6"}, "last"),
        ({"logo": "yes"}, "logo"),
        ({"headline": "Кофе"}, "headline"),
        ({"note": "咖啡"}, "note"),
    ],
)
def test_what_cannot_be_printed_is_told_before_it_is_made(draft, field):
    batch = change(builders.scan_batch, 5)

    with pytest.raises(InvalidError) as problem:
        asked(batch, **draft)
    assert list(problem.value.problems) == [field]
    assert rows(Export) == []


def test_letters_that_are_missing_are_named():
    batch = change(builders.scan_batch, 5)

    with pytest.raises(InvalidError, match=r"no letters for 咖 啡\."):
        asked(batch, headline="咖啡 +20 – ½ €")


def test_the_preview_shows_the_first_sheet_and_warns_of_small_modules():
    batch = change(builders.scan_batch, 5)

    fine = see(exports.preview, batch.id, Draft(sheet="l7163"), by=ADMIN)
    small = see(
        exports.preview,
        batch.id,
        Draft(sheet="grid", columns="5", rows="10", width="20", height="15", error="h", start="3"),
        by=ADMIN,
    )

    assert isinstance(fine, Seen)
    assert fine.svg.count(b"<use ") == 5
    assert fine.warning == ""
    assert fine.labels.sheet == FORMATS["l7163"].sheet
    assert "mm wide" in small.warning


def test_a_finished_file_is_kept_for_a_day_and_then_swept():
    now = times.now()
    one = made(change(builders.scan_batch, 3, now=now), now=now)
    file = exports.path_of(one.export)
    assert one.is_done
    assert one.export.expires_at - now >= exports.KEPT
    assert one.export.size == file.stat().st_size > 0

    change(exports.sweep, now=one.export.expires_at - timedelta(seconds=1))
    assert file.exists()
    change(exports.sweep, now=one.export.expires_at)

    assert rows(Export) == []
    assert not file.exists()


def test_a_file_that_nobody_knows_is_swept():
    one = made(change(builders.scan_batch, 3))
    (exports.folder() / "left-behind").write_bytes(b"codes")

    change(exports.sweep, now=NOON)

    assert [path.name for path in exports.folder().iterdir()] == [one.export.secret]


def test_the_files_of_a_deleted_batch_go_with_it():
    batch = change(builders.scan_batch, 3)
    one = made(batch)

    change(builders.deleted, batch.id)
    change(exports.sweep, now=NOON)

    assert rows(Export) == []
    assert not exports.path_of(one.export).exists()


def test_a_deleted_file_is_gone_at_once():
    one = made(change(builders.scan_batch, 3))

    change(exports.delete, one.export.id, by=ADMIN, now=NOON)

    assert not exports.path_of(one.export).exists()
    with pytest.raises(NotFoundError):
        see(exports.get, one.export.id, by=ADMIN)
    assert rows(AuditEntry)[-1].verb == "delete"


def test_only_this_machine_account_may_read_a_file():
    one = made(change(builders.scan_batch, 3))

    assert exports.path_of(one.export).stat().st_mode & 0o777 == 0o600
    assert exports.folder().stat().st_mode & 0o777 == 0o700


def test_the_logo_of_the_program_is_on_the_labels():
    batch = change(builders.scan_batch, 3)
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(picture, "PNG")
    kept = change(pictures.keep, drawing.draw(picture.getvalue()), by=ADMIN, now=NOON)
    change(lambda session: session.connection().execute(sa.update(Program).values(logo_id=kept.id)))

    assert b"<image " in see(exports.preview, batch.id, Draft(logo="yes"), by=ADMIN).svg
    assert b"<image " not in see(exports.preview, batch.id, Draft(), by=ADMIN).svg
    content = exports.path_of(made(batch, logo="yes").export).read_bytes()
    page = pypdfium2.PdfDocument(content)[0].render().to_pil().convert("RGB")
    assert (255, 0, 0) in {colour for _, colour in page.getcolors(1 << 20)}
