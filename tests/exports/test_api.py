"""Prepared files and labels through the door for programs."""

import io
import zipfile

import pypdfium2
import pytest

from loyalty_app.core.actor import Permission
from loyalty_app.exports import rules, step
from loyalty_app.exports import service as exports
from loyalty_app.exports.models import Export
from loyalty_app.exports.service import PREPARE_FILE
from loyalty_app.jobs import engine
from loyalty_app.jobs.engine import Kind
from tests import builders
from tests.doors import change, rows
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database", "data_dir")

KINDS = {PREPARE_FILE: Kind(step.prepare, exports.fail)}


def run(said):
    engine.run(said.json()["jobId"], KINDS)


@pytest.mark.requirement("S0-15")
def test_a_program_prepares_a_file_and_takes_it_away():
    batch, program = change(builders.scan_batch, 12), Program()

    said = program.post("/exports", {"batchId": batch.id, "kind": "zip", "size": 200, "first": 2})

    assert said.status_code == 202, said.text
    export = said.json()
    assert export | {"status": "queued", "done": 0, "total": 11, "file": None, "expiresAt": None} == export
    assert program.get(f"/exports/{export['id']}/file").status_code == 404
    run(said)
    done = program.get(f"/exports/{export['id']}").json()
    assert done | {"status": "done", "done": 11, "name": "Cups-2-12-png.zip"} == done
    file = program.get(done["file"].removeprefix("/api/v1"))
    assert file.headers["content-type"] == "application/zip"
    assert file.headers["content-disposition"] == 'attachment; filename="Cups-2-12-png.zip"'
    assert file.headers["cache-control"] == "no-store"
    assert len(file.content) == done["size"]
    with zipfile.ZipFile(io.BytesIO(file.content)) as pack:
        assert len(pack.namelist()) == 12
    assert program.get("/exports").json()["items"] == [done]
    assert program.get(f"/exports?batchId={batch.id + 1}").json()["items"] == []


def test_a_download_that_broke_off_is_taken_up_again():
    batch, program = change(builders.scan_batch, 3), Program()
    said = program.post("/exports", {"batchId": batch.id, "kind": "labels"})
    run(said)
    path = f"/exports/{said.json()['id']}/file"

    whole = program.get(path)
    rest = program.get(path, headers={"Range": "bytes=100-"})

    assert rest.status_code == 206
    assert whole.content[100:] == rest.content


def test_a_file_asked_for_twice_with_one_key_is_made_once():
    batch, program = change(builders.scan_batch, 3), Program()
    wish = {"batchId": batch.id, "kind": "zip"}

    first, again = (program.post("/exports", wish, **once("one")) for _ in range(2))

    assert first.json() == again.json()
    assert len(rows(Export)) == 1


def test_a_file_is_deleted():
    batch, program = change(builders.scan_batch, 3), Program()
    said = program.post("/exports", {"batchId": batch.id, "kind": "zip"})
    run(said)
    path = f"/exports/{said.json()['id']}"

    assert program.ask("DELETE", path).status_code == 204
    assert program.get(path).status_code == 404
    assert program.ask("DELETE", path).status_code == 404
    assert list(exports.folder().iterdir()) == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"kind": "zip", "last": 4}, "last"),
        ({"kind": "zip", "size": 20}, "size"),
        ({"kind": "labels", "sheet": "l9"}, "sheet"),
        ({"kind": "labels", "sheet": "grid", "columns": 2, "rows": 2, "width": 80, "left": 200}, "height"),
        ({"kind": "labels", "headline": "咖啡"}, "headline"),
        ({"kind": "labels", "start": 22}, "start"),
        ({"kind": "poster"}, "kind"),
    ],
)
def test_what_cannot_be_made_is_told_by_field(wish, field):
    batch = change(builders.scan_batch, 3)

    said = Program().post("/exports", {"batchId": batch.id} | wish)

    assert said.status_code == 422
    assert field in said.json()["problems"]


def test_vouchers_have_no_labels():
    batch = change(builders.batch, 3)

    assert Program().post("/exports", {"batchId": batch.id, "kind": "zip"}).json()["code"] == "wrong_kind"
    assert Program().get(f"/batches/{batch.id}/labels.pdf").json()["code"] == "wrong_kind"


@pytest.mark.requirement("S0-14")
def test_a_few_labels_are_drawn_at_once():
    batch, program = change(builders.scan_batch, 30), Program()

    said = program.get(
        f"/batches/{batch.id}/labels.pdf?sheet=grid&columns=2&rows=3&width=80&height=50&left=10&top=20"
        "&gapX=5&gapY=5&cropMarks=true&headline=Caf%C3%A9&first=3&last=15"
    )

    assert said.status_code == 200, said.text
    assert said.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(said.content)
    assert len(document) == 3
    assert "Café" in document[0].get_textpage().get_text_bounded()
    assert "#15" in document[2].get_textpage().get_text_bounded()


def test_many_labels_are_to_be_prepared(monkeypatch):
    monkeypatch.setattr(rules, "LABELS_AT_ONCE", 5)
    batch, program = change(builders.scan_batch, 6), Program()

    said = program.get(f"/batches/{batch.id}/labels.pdf")

    assert said.status_code == 422
    assert "Prepare a file" in said.json()["problems"]["last"]
    assert program.get(f"/batches/{batch.id}/labels.pdf?last=5").status_code == 200


@pytest.mark.requirement("S0-28")
def test_a_key_that_may_only_look_gets_no_codes():
    batch = change(builders.scan_batch, 3)
    watcher = Program(Permission.VIEW_DASHBOARD)

    for said in (
        watcher.post("/exports", {"batchId": batch.id, "kind": "zip"}),
        watcher.get("/exports"),
        watcher.get(f"/batches/{batch.id}/labels.pdf"),
    ):
        assert said.status_code == 403
        assert said.json()["scope"] == "qr_code_management"
