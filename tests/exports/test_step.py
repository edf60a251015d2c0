"""A file is whole and exact, whatever happens on the way."""

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from loyalty_app.batches import service as batches
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import database as databases
from loyalty_app.core import times
from loyalty_app.exports import rules, step
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import Export, ExportKind
from loyalty_app.exports.rules import Draft
from loyalty_app.exports.service import PREPARE_FILE
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.engine import Kind
from loyalty_app.jobs.models import Job, JobStatus
from tests import builders
from tests.builders import ADMIN
from tests.doors import at_once, change, give_way, rows, see

pytestmark = pytest.mark.usefixtures("database", "data_dir")

KINDS = {PREPARE_FILE: Kind(step.prepare, exports.fail)}
QR = zxingcpp.BarcodeFormat.QRCode


def asked(batch, kind=ExportKind.LABELS, **draft):
    return change(exports.prepare, batch.id, kind, Draft(**draft), by=ADMIN, now=times.now())


def whole(one):
    found = see(exports.get, one.export.id, by=ADMIN)
    content = exports.path_of(found.export).read_bytes()
    assert found.is_done, found.job
    assert len(content) == found.export.size
    return content


def one_step(job_id):
    """Do what a worker does in one step."""
    job = change(jobs.take_up, job_id, now=times.now()) or see(lambda session: session.get(Job, job_id))
    return change(see(step.prepare, job), times.now())


def urls(pdf):
    document = pypdfium2.PdfDocument(pdf)
    drawn = [document[page].render(scale=300 / 72).to_pil() for page in range(len(document))]
    return [found.text for page in drawn for found in zxingcpp.read_barcodes(page, formats=QR)]


def links(batch, first, last):
    return [batches.links(batch)(serial) for serial in range(first, last + 1)]


def test_a_piece_is_written_again_when_another_transaction_got_in_the_way_of_it(monkeypatch):
    batch = change(builders.scan_batch, 30)
    one = asked(batch)
    grow, tries = exports.grow, []

    def hindered(session, *args, **kwargs):
        grow(session, *args, **kwargs)
        tries.append(1)
        if len(tries) == 1:
            give_way(session)

    monkeypatch.setattr(exports, "grow", hindered)
    engine.run(one.job.id, KINDS)

    assert len(tries) == 2
    assert sorted(urls(whole(one))) == sorted(links(batch, 1, 30))


@pytest.mark.requirement("S0-15")
def test_a_print_pack_holds_every_code_of_the_range():
    batch = change(builders.scan_batch, 30)
    one = asked(batch, first="4", last="28", sheet="l7160", start="20")

    engine.run(one.job.id, KINDS)

    content = whole(one)
    assert len(pypdfium2.PdfDocument(content)) == 3
    assert sorted(urls(content)) == sorted(links(batch, 4, 28))


def test_a_large_print_pack_is_a_zip_of_pdfs(monkeypatch):
    monkeypatch.setattr(rules, "LABELS_A_PART", 42)
    batch = change(builders.scan_batch, 100)
    one = asked(batch, sheet="l7160", start="10")
    assert one.export.name == "Cups-labels.zip"

    engine.run(one.job.id, KINDS)

    with zipfile.ZipFile(io.BytesIO(whole(one))) as pack:
        assert pack.testzip() is None
        assert pack.namelist() == ["labels-000001-000033.pdf", "labels-000034-000075.pdf", "labels-000076-000100.pdf"]
        found = [url for name in pack.namelist() for url in urls(pack.read(name))]
    assert sorted(found) == sorted(links(batch, 1, 100))


@pytest.mark.requirement("S0-15")
@pytest.mark.parametrize(("format", "size"), [("png", "300"), ("svg", "600")])
def test_a_zip_holds_a_picture_of_every_code_and_a_list(format, size, monkeypatch):  # noqa: A002 - the field's name
    monkeypatch.setattr(step, "CHUNK", 7)
    batch = change(builders.scan_batch, 30, prefix="SUN")
    one = asked(batch, ExportKind.ZIP, format=format, size=size, first="3", last="22")

    engine.run(one.job.id, KINDS)

    with zipfile.ZipFile(io.BytesIO(whole(one))) as pack:
        assert pack.testzip() is None
        listed = list(csv.DictReader(pack.read("manifest.csv").decode("utf-8-sig").splitlines()))
        assert [row["file"] for row in listed] == pack.namelist()[:-1]
        assert [row["url"] for row in listed] == links(batch, 3, 22)
        assert listed[0]["file"] == f"000003-{listed[0]['code']}.{format}"
        assert {row["status"] for row in listed} == {"active"}
        if format == "png":
            pictures = [Image.open(pack.open(row["file"])) for row in listed]
            assert all(picture.width == picture.height >= 300 for picture in pictures)
            assert [zxingcpp.read_barcode(picture, formats=QR).text for picture in pictures] == links(batch, 3, 22)
        else:
            assert all(
                pack.read(row["file"]).startswith(b"<svg") or b"<svg" in pack.read(row["file"]) for row in listed
            )


def test_the_list_tells_what_became_of_each_code():
    batch = change(builders.scan_batch, 3)
    shown = [alphabet.display(code.code, batch.prefix) for code in rows(Code)]
    change(codes.disable, shown[1], by=ADMIN, now=times.now())
    one = asked(batch, ExportKind.ZIP)

    engine.run(one.job.id, KINDS)

    with zipfile.ZipFile(io.BytesIO(whole(one))) as pack:
        listed = list(csv.DictReader(pack.read("manifest.csv").decode("utf-8-sig").splitlines()))
    assert [(row["serial"], row["code"], row["status"]) for row in listed] == [
        ("1", shown[0], "active"),
        ("2", shown[1], "disabled"),
        ("3", shown[2], "active"),
    ]


KIND_DRAFTS = pytest.mark.parametrize(
    ("made", "draft"), [(ExportKind.ZIP, {"format": "svg"}), (ExportKind.LABELS, {"sheet": "22806"})]
)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(step, "CHUNK", 12)
    monkeypatch.setattr(step, "STEP_SECONDS", 0)
    monkeypatch.setattr(rules, "LABELS_A_PART", 12)


@KIND_DRAFTS
@pytest.mark.usefixtures("small_steps")
def test_what_a_killed_worker_left_half_written_is_cut_off(made, draft):
    batch = change(builders.scan_batch, 30)
    one = asked(batch, made, **draft)
    assert one_step(one.job.id) == 12
    with exports.path_of(one.export).open("ab") as file:  # the next step was flushed, and its bookmark never moved
        file.write(b"half an entry" * 10_000)

    engine.run(one.job.id, KINDS)
    assert not see(exports.get, one.export.id, by=ADMIN).is_done, "the one who died is waited for"
    change(jobs.beat, see(lambda session: session.get(Job, one.job.id)), times.now() - timedelta(minutes=1))
    engine.run(one.job.id, KINDS)

    undisturbed = asked(batch, made, **draft)
    engine.run(undisturbed.job.id, KINDS)
    with zipfile.ZipFile(io.BytesIO(whole(one))) as pack, zipfile.ZipFile(io.BytesIO(whole(undisturbed))) as other:
        assert pack.testzip() is None
        assert {name: pack.read(name) for name in pack.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


@KIND_DRAFTS
@pytest.mark.usefixtures("small_steps")
def test_two_workers_on_one_file_write_every_piece_once(made, draft):
    batch = change(builders.scan_batch, 30)
    one = asked(batch, made, **draft)
    job = change(jobs.take_up, one.job.id, now=times.now())

    def step_on():
        return change(see(step.prepare, job), times.now())

    assert sorted(at_once([step_on] * 4), key=bool) == [None, None, None, 12]
    change(jobs.beat, job, times.now() - timedelta(minutes=1))
    engine.run(one.job.id, KINDS)

    with zipfile.ZipFile(io.BytesIO(whole(one))) as pack:
        assert pack.testzip() is None
        assert len(pack.namelist()) == len(set(pack.namelist())) == (31 if made is ExportKind.ZIP else 3)


def test_who_comes_late_leaves_a_whole_file_alone():
    one = asked(change(builders.scan_batch, 5), ExportKind.ZIP)
    job = change(jobs.take_up, one.job.id, now=times.now())
    assert change(see(step.prepare, job), times.now()) == 5
    content = whole(one)

    assert change(see(step.prepare, job), times.now()) is None

    assert whole(one) == content


@pytest.mark.parametrize("is_kept", [True, False])
def test_who_waits_for_a_file_writes_only_when_the_other_piece_is_committed_or_given_up(is_kept):
    one = asked(change(builders.scan_batch, 5), ExportKind.ZIP)
    job = change(jobs.take_up, one.job.id, now=times.now())
    store = see(step.prepare, job)

    with ThreadPoolExecutor() as threads, databases.transaction() as session:
        assert store
        assert store(session, times.now()) == 5
        late = threads.submit(see, step.prepare, job)
        with pytest.raises(TimeoutError):
            late.result(timeout=0.5)
        if not is_kept:
            session.rollback()
    content = exports.path_of(one.export).read_bytes()

    assert change(late.result(timeout=60), times.now()) == (None if is_kept else 5)
    assert whole(one) == content


@pytest.mark.usefixtures("small_steps")
def test_a_cancelled_file_is_not_made_any_further():
    batch = change(builders.scan_batch, 30)
    one = asked(batch, ExportKind.ZIP)
    job = change(jobs.take_up, one.job.id, now=times.now())
    store = see(step.prepare, job)

    change(exports.delete, one.export.id, by=ADMIN, now=times.now())

    assert change(store, times.now()) is None
    assert see(step.prepare, job) is None
    assert rows(Job)[-1].status is JobStatus.CANCELLED
    assert list(exports.folder().iterdir()) == []


@pytest.mark.usefixtures("small_steps")
def test_another_file_of_the_same_number_is_not_touched():
    batch = change(builders.scan_batch, 30)
    old = asked(batch, ExportKind.ZIP)
    job = change(jobs.take_up, old.job.id, now=times.now())
    change(lambda session: session.delete(session.get(Export, old.export.id)))
    new = asked(batch, ExportKind.ZIP)
    change(lambda session: session.connection().execute(sa.update(Export).values(id=old.export.id)))

    assert see(step.prepare, job) is None
    assert not exports.path_of(new.export).exists()


@pytest.mark.usefixtures("small_steps")
def test_a_file_that_is_lost_under_way_fails_and_says_so():
    batch = change(builders.scan_batch, 30)
    one = asked(batch, ExportKind.ZIP)
    one_step(one.job.id)
    exports.path_of(one.export).write_bytes(b"cut")
    change(jobs.beat, see(lambda session: session.get(Job, one.job.id)), times.now() - timedelta(minutes=1))

    engine.run(one.job.id, KINDS)

    failed = see(exports.get, one.export.id, by=ADMIN)
    assert (failed.status, failed.job.problem) == (JobStatus.FAILED, "FileLostError")
    assert failed.export.expires_at == failed.export.created_at + exports.KEPT
    assert not exports.path_of(one.export).exists()
