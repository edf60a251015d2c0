"""A ZIP file has a picture of every code, each leads where the manifest says, and all of it is of one moment."""

import csv
import io
import random
import zipfile
from dataclasses import replace
from itertools import count

import pytest
import zxingcpp
from PIL import Image

from loyalty_app.codes import files
from loyalty_app.codes import service as codes
from loyalty_app.codes.files import Wanted
from loyalty_app.core import csvs, database, secrets, times
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask, Redeemed
from tests import builders
from tests.builders import ADMIN, NOON
from tests.doors import change, see
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")

SMALL = Wanted(1, 3, PictureFormat.PNG, 100, ErrorLevel.MEDIUM)
QR = zxingcpp.BarcodeFormat.QRCode


@pytest.fixture(autouse=True)
def numbers_in_order(monkeypatch):
    """Give batches their numbers in order and not by lot: so a link, and its picture, is the same in each run."""
    monkeypatch.setattr(secrets, "new_number", count(1).__next__)


def opened(content):
    """Return the entries of a ZIP file, and its manifest as dictionaries."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        entries = {name: archive.read(name) for name in archive.namelist()}
        assert len(entries) == len(archive.namelist())
    text = entries.pop(files.MANIFEST).decode().removeprefix(csvs.BOM)
    return entries, list(csv.DictReader(io.StringIO(text, newline="")))


def read(picture):
    return [one.text for one in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"), formats=QR)]


def codes_of(batch):
    return see(codes.made, batch.id, 1, batch.total, by=ADMIN)


@pytest.mark.requirement("S0-15", "S0-3")
def test_every_code_has_a_picture_that_leads_where_the_manifest_says():
    batch = change(builders.scan_batch, 3000, prefix="SUN", base_url="https://shop.example/r?from=cup#now")

    answer = Program().get(f"/batches/{batch.id}/codes.zip", params={"size": 200})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="Cups-png.zip"'
    pictures, manifest = opened(answer.content)
    displayed = [line["code"] for line in manifest]
    assert [line["serial"] for line in manifest] == [str(serial) for serial in range(1, 3001)]
    assert [code.replace("-", "") for code in displayed] == [one.code for one in codes_of(batch)]
    assert list(pictures) == [line["file"] for line in manifest]
    assert list(pictures) == [f"{serial:06}-{code}.png" for serial, code in enumerate(displayed, 1)]
    assert [line["url"] for line in manifest] == [builders.link(batch, serial) for serial in range(1, 3001)]
    assert {line["status"] for line in manifest} == {"active"}
    for line in random.Random(4).sample(manifest, 100):
        assert read(pictures[line["file"]]) == [line["url"]]


@pytest.mark.parametrize("error", ErrorLevel)
def test_a_range_comes_at_the_size_and_level_that_were_asked(error):
    batch = change(builders.scan_batch, 5)
    asked = {"first": 2, "last": 4, "size": 500, "error": error}

    answer = Program().get(f"/batches/{batch.id}/codes.zip", params=asked)

    assert answer.headers["content-disposition"] == 'attachment; filename="Cups-2-4-png.zip"'
    pictures, manifest = opened(answer.content)
    assert [line["serial"] for line in manifest] == ["2", "3", "4"]
    for line in manifest:
        picture = Image.open(io.BytesIO(pictures[line["file"]]))
        (found,) = zxingcpp.read_barcodes(picture.convert("L"), formats=QR)
        assert found.text == line["url"]
        assert picture.width == picture.height >= 500
        assert "LMQH".index(found.ec_level) >= "LMQH".index(error.upper())


def test_svg_pictures_are_there_too():
    batch = change(builders.scan_batch, 3)

    pictures, _ = opened(Program().get(f"/batches/{batch.id}/codes.zip", params={"format": "svg"}).content)

    assert [name[-4:] for name in pictures] == [".svg"] * 3
    assert all(picture.startswith(b"<svg ") for picture in pictures.values())


def test_the_manifest_says_where_each_code_stands():
    batch = change(builders.scan_batch, 4)
    mia = change(builders.member)
    _, second, third, _ = codes_of(batch)
    (answer,) = change(redemptions.redeem_many, [Ask(builders.link(batch, 1), mia)], now=NOON)
    assert isinstance(answer, Redeemed)
    change(codes.disable, second.code, by=ADMIN, now=NOON)
    change(codes.disable, third.code, by=ADMIN, now=NOON)
    change(codes.enable, third.code, by=ADMIN, now=NOON)

    _, manifest = opened(Program().get(f"/batches/{batch.id}/codes.zip").content)

    assert [(line["status"], line["redeemedAt"]) for line in manifest] == [
        ("redeemed", times.wire(NOON)),
        ("disabled", ""),
        ("active", ""),
        ("active", ""),
    ]


def test_what_happens_while_it_is_sent_is_not_in_it_and_waits_for_nothing(monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 2)
    monkeypatch.setattr(files, "PIECE", 1)
    batch = change(builders.scan_batch, 9)

    with database.reading() as session:
        pieces = files.zipped(session, batch, replace(SMALL, last=9), by=ADMIN, made_at=NOON)
        sent = next(pieces)
        assert change(codes.disable_all, batch.id, by=ADMIN, now=NOON) == 9
        _, manifest = opened(sent + b"".join(pieces))

    assert [line["status"] for line in manifest] == ["active"] * 9


def test_no_more_than_a_chunk_is_read_before_something_is_sent(monkeypatch):
    monkeypatch.setattr(files, "CHUNK", 3)
    monkeypatch.setattr(files, "PIECE", 1)
    batch = change(builders.scan_batch, 9)
    read = []
    made = codes.made
    monkeypatch.setattr(codes, "made", lambda *args, **more: read.append(args[2:]) or made(*args, **more))

    with database.reading() as session:
        next(files.zipped(session, batch, replace(SMALL, last=9), by=ADMIN, made_at=NOON))

    assert read == [(1, 3)]


def test_a_claim_batch_has_no_such_pictures():
    batch = change(builders.batch, 2)

    answer = Program().get(f"/batches/{batch.id}/codes.zip")

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_kind")
    assert "scan batch" in answer.json()["detail"]


def test_a_batch_that_is_being_made_is_not_ready():
    batch = change(builders.scan_batch, 2, quantity="5")

    answer = Program().get(f"/batches/{batch.id}/codes.zip")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"first": 4}, "first"),
        ({"last": 4}, "last"),
        ({"first": 3, "last": 2}, "last"),
        ({"first": 0}, "first"),
        ({"last": 0}, "last"),
        ({"size": 99}, "size"),
        ({"size": 4097}, "size"),
        ({"format": "pdf"}, "format"),
        ({"error": "x"}, "error"),
        ({"frist": 2}, "frist"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_its_field(asked, field):
    batch = change(builders.scan_batch, 3)

    answer = Program().get(f"/batches/{batch.id}/codes.zip", params=asked)

    assert (answer.status_code, list(answer.json()["problems"])) == (422, [field])


def test_only_who_manages_codes_gets_their_links():
    batch = change(builders.scan_batch, 3)
    viewer = replace(ADMIN, permissions=frozenset({Permission.VIEW_DASHBOARD}))

    assert Program("view_dashboard").get(f"/batches/{batch.id}/codes.zip").status_code == 403
    with pytest.raises(ForbiddenError):
        see(codes.made, batch.id, 1, 3, by=viewer)
