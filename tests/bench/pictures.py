"""100,000 QR codes: sealed and stored, then sent as CSV and as ZIP files of pictures, beside other ways to do it."""

import csv
import ctypes
import functools
import gc
import io
import json
import math
import multiprocessing
import secrets
import tempfile
import threading
import time
import zipfile
import zlib

import psutil
import qrcode
import qrcode.image.svg
import segno
import sqlalchemy as sa
import zxingcpp
from cryptography.fernet import Fernet
from PIL import Image
from sqlmodel import Field, SQLModel, select

from loyalty_app import worker
from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet
from loyalty_app.codes import files
from loyalty_app.codes.files import Wanted
from loyalty_app.codes.models import Code
from loyalty_app.core import database, times
from loyalty_app.core.zips import Archive
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.keys import rules as tokens
from loyalty_app.qr import bulk, png
from loyalty_app.qr.bulk import Tables
from loyalty_app.qr.drawing import QUIET_ZONE, ErrorLevel, PictureFormat
from loyalty_app.qr.symbols import symbols
from tests import builders
from tests.bench import codes
from tests.bench.harness import Row, compare, median, must
from tests.doors import change, see
from tests.programs import Program

CODES = 100_000
SEALS = 50_000
SCALE = 8
SIZE = 360
"""Eight pixels for each of 37 modules and the quiet zone; the peers draw at the same scale."""
LOOKED_AT = 1_000
"""Every so manieth picture is read and compared."""


def run(place):
    """Return the rows of one database; what needs none is measured with the first."""
    table = sealing() if place.kind == "sqlite" else []
    table += making(place)
    with place.opened() as url:
        batch = scan_batch()
        table += sending(place, batch) + listing(place, batch)
        for form in PictureFormat:
            first, grown = alone(url, batch.id, form)
            name = f"100,000 {form.upper()} in a ZIP, {place.name}"
            table.append(Row(f"first byte of {name}", f"{first:.2f} s", "–", "–", "< 1 s", first < 1))
            table.append(Row(f"memory while sending {name}", f"+{grown:.0f} MB", "–", "–", "< 64 MB", grown < 64))
    return table


def sealing():
    """Seal tokens as the app does, and as the tutorials do."""
    seal = tokens.sealer(tokens.cipher(tokens.new_secret()), 1, 7, {"points": "20"})
    fernet = Fernet(Fernet.generate_key())

    def theirs(serial):
        return fernet.encrypt(json.dumps({"batch": 7, "serial": serial, "points": 20}).encode())

    def rate(make):
        began = time.perf_counter()
        for serial in range(SEALS):
            make(serial)
        return SEALS / (time.perf_counter() - began)

    results = compare({"ours": lambda: rate(seal), "Fernet": lambda: rate(theirs)})
    mine, fernets = median(results["ours"]), median(results["Fernet"])
    ratio = median(our / their for our, their in zip(*results.values(), strict=True))
    return [
        Row(
            "tokens sealed",
            f"{mine:,.0f}/s, {len(seal(CODES))} characters",
            f"{fernets:,.0f}/s, {len(theirs(CODES))} characters, Fernet of JSON",
            f"{ratio:.1f}×",
            "≥ 4×, ≥ 150,000/s, ≤ 36",
            ratio >= 4 and mine >= 150_000 and len(seal(CODES)) <= 36,
        )
    ]


def making(place):
    """Make and store the codes of a scan batch, and seal every token; tokens are derived, so only peers store them."""
    limit = {"sqlite": codes.sqlite_executemany, "postgresql": codes.psycopg_executemany}[place.kind]
    ways = {"ours": ours, codes.LIMIT: limit, KEPT: kept}
    results = compare({name: functools.partial(way, place) for name, way in ways.items()})
    table = []
    for name, target in ((codes.LIMIT, "≤ 1.5"), (KEPT, "≥ 10×")):
        ratio = median(our / their for our, their in zip(results["ours"], results[name], strict=True))
        table.append(
            Row(
                f"100,000 codes made, stored and sealed, {place.name}",
                f"{median(results['ours']):.2f} s",
                f"{median(results[name]):.2f} s, {name}",
                f"{ratio:.2f} of the limit" if name == codes.LIMIT else f"{1 / ratio:.0f}× faster",
                target,
                ratio <= 1.5 if name == codes.LIMIT else 1 / ratio >= 10,
            )
        )
    return table


def ours(place):
    """Run the batch's own job, and make every link once."""
    with place.opened():
        began = time.perf_counter()
        batch = scan_batch()
        link = batches.links(batch)
        made = {link(serial) for serial in range(1, CODES + 1)}
        seconds = time.perf_counter() - began
    must(len(made) == CODES, "every link is another")
    return seconds


class Apart(SQLModel):
    """Tables of the peers, unknown to our migrations."""

    metadata = sa.MetaData()


class Kept(Apart, table=True):
    """A code as the tutorials keep it, with its token."""

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int
    serial: int
    code: str = Field(unique=True, max_length=40)
    token: str = Field(max_length=200)


KEPT = "`secrets.choice`, Fernet and SQLModel's bulk insert"


def kept(place):
    """Make codes letter by letter, keep their tokens, insert dictionaries."""
    with place.opened():
        Apart.metadata.create_all(database.engine())
        fernet, letters = Fernet(Fernet.generate_key()), rules.CHARACTERS[Alphabet.SAFE]
        began = time.perf_counter()
        made: set[str] = set()
        while len(made) < CODES:
            made.add("".join(secrets.choice(letters) for _ in range(10)))
        with database.transaction() as session:
            session.execute(
                sa.insert(Kept),
                [
                    {
                        "batch_id": 1,
                        "serial": serial,
                        "code": code,
                        "token": fernet.encrypt(json.dumps({"code": code, "points": 20}).encode()).decode(),
                    }
                    for serial, code in enumerate(made, 1)
                ],
            )
        return time.perf_counter() - began


def sending(place, batch):
    """Send the pictures in a ZIP file: with the tables made anew each time, as after a start."""
    table = []
    for form, peers in ((PictureFormat.PNG, PNG_PEERS), (PictureFormat.SVG, SVG_PEERS)):
        own = {"ours": functools.partial(zipped, batch, form)}
        results = compare(own | {name: functools.partial(peer, batch) for name, (peer, _) in peers.items()})
        for name, (_, least) in peers.items():
            ratio = median(their / our for our, their in zip(results["ours"], results[name], strict=True))
            table.append(
                Row(
                    f"100,000 {form.upper()} in a ZIP, {place.name}",
                    f"{median(results['ours']):.1f} s",
                    f"{median(results[name]):,.0f} s, {name}",
                    f"{ratio:.0f}×",
                    *((f"≥ {least}×", ratio >= least) if least else ()),
                )
            )
    return table


def zipped(batch, form):
    """Write the file as it is sent, from reading the rows to the manifest; then look at it."""
    forget()
    wanted = Wanted(1, CODES, form, SIZE, ErrorLevel.MEDIUM)
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        with database.reading() as session:
            for piece in files.zipped(session, batch, wanted, by=builders.ADMIN, made_at=times.now()):
                file.write(piece)
        seconds = time.perf_counter() - began
        look_at(file, batch, form)
    return seconds


def look_at(file, batch, form):
    """Stop unless the file has everything, and pictures from all over it are read and are segno's."""
    link = batches.links(batch)
    tables = Tables.of(map(link, range(1, bulk.SAMPLE + 1)))
    with zipfile.ZipFile(file) as opened:
        names = opened.namelist()
        must(len(names) == CODES + 1, "every code has a picture")
        for serial in range(LOOKED_AT, CODES + 1, LOOKED_AT):
            url = link(serial)
            theirs = segno.make(url, tables.error, tables.version, mode="byte", mask=tables.mask, boost_error=False)
            must(tables.matrix(url) == tuple(map(bytes, theirs.matrix)), "it is segno's symbol")
            if form is PictureFormat.PNG:
                picture = Image.open(io.BytesIO(opened.read(names[serial - 1]))).convert("L")
                must([one.text for one in zxingcpp.read_barcodes(picture)] == [url], "it is read")


def forget():
    """Lose what a process keeps of the shapes it has drawn."""
    for kept_tables in (symbols, bulk._sheet, bulk._lines):
        kept_tables.cache_clear()


def in_zipfile(number, draw, batch):
    """Draw so many, put them into a file with the standard library, and scale the time up."""
    link = batches.links(batch)
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        with zipfile.ZipFile(file, "w") as archive:
            for serial in range(1, number + 1):
                archive.writestr(f"{serial}", draw(link(serial)))
        return (time.perf_counter() - began) * CODES / number


def in_archive(number, draw, batch):
    """Draw so many, put them into a file with our writer, and scale the time up."""
    link, archive = batches.links(batch), Archive(times.now())
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        for serial in range(1, number + 1):
            file.write(archive.entry(f"{serial}.png", draw(link(serial))))
        file.writelines(archive.end())
        return (time.perf_counter() - began) * CODES / number


def by_qrcode(url, **more):
    """Draw as the tutorials do."""
    picture = io.BytesIO()
    qrcode.make(url, box_size=SCALE, border=QUIET_ZONE, **more).save(picture)
    return picture.getvalue()


def by_segno(url, kind):
    """Draw with the library that single pictures are drawn with."""
    picture = io.BytesIO()
    segno.make(url, error="m", micro=False, boost_error=False).save(picture, kind=kind, scale=SCALE, border=QUIET_ZONE)
    return picture.getvalue()


def by_zxing(url):
    """Draw with an encoder in C++, and the least PNG writer that compresses."""
    drawn = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules = bytes(memoryview(drawn.to_image(scale=1, add_quiet_zones=False)))
    side = math.isqrt(len(modules))
    modules = modules.translate(bytes(value < 128 for value in range(256)))
    return least_png([modules[start : start + side] for start in range(0, side * side, side)])


class Encoded(ctypes.Structure):
    """What libqrencode answers."""

    _fields_ = (("version", ctypes.c_int), ("width", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_ubyte)))


@functools.cache
def libqrencode():
    """Return the encoder in C, if it is on this machine."""
    try:
        library = ctypes.CDLL("libqrencode.so.4")
    except OSError:
        return None
    library.QRcode_encodeData.restype = ctypes.POINTER(Encoded)
    library.QRcode_encodeData.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    library.QRcode_free.argtypes = (ctypes.POINTER(Encoded),)
    return library


def by_libqrencode(url):
    """Draw with the encoder in C, and the least PNG writer that compresses."""
    text, medium = url.encode(), 1
    encoded = libqrencode().QRcode_encodeData(len(text), text, 0, medium)
    side = encoded.contents.width
    modules = ctypes.string_at(encoded.contents.data, side * side).translate(bytes(value & 1 for value in range(256)))
    libqrencode().QRcode_free(encoded)
    return least_png([modules[start : start + side] for start in range(0, side * side, side)])


def least_png(rows):
    """Write a picture of these modules, eight pixels each: one byte, compressed as fast as zlib does."""
    across = len(rows) + 2 * QUIET_ZONE
    margin, quiet = b"\xff" * QUIET_ZONE, (b"\x00" + b"\xff" * across) * (QUIET_ZONE * SCALE)
    pixels = b"".join((b"\x00" + margin + row.translate(INK) + margin) * SCALE for row in rows)
    content = zlib.compress(quiet + pixels + quiet, 1)
    side = (across * SCALE).to_bytes(4, "big")
    head = png._chunk(b"IHDR", side + side + bytes((1, 0, 0, 0, 0)))
    return b"\x89PNG\r\n\x1a\n" + head + png._chunk(b"IDAT", content) + png._chunk(b"IEND", b"")


INK = bytes(0 if value else 255 for value in range(256))

PNG_PEERS = {
    "qrcode and zipfile (scaled from 200)": (functools.partial(in_zipfile, 200, by_qrcode), 200),
    "segno and zipfile (scaled from 300)": (
        functools.partial(in_zipfile, 300, functools.partial(by_segno, kind="png")),
        0,
    ),
    "zxing-cpp, least PNG and our ZIP (scaled from 3,000)": (functools.partial(in_archive, 3000, by_zxing), 0),
}
if libqrencode():
    PNG_PEERS["libqrencode (C), least PNG and our ZIP (scaled from 5,000)"] = (
        functools.partial(in_archive, 5000, by_libqrencode),
        5,
    )
SVG_PEERS = {
    "qrcode and zipfile (scaled from 200)": (
        functools.partial(in_zipfile, 200, functools.partial(by_qrcode, image_factory=qrcode.image.svg.SvgPathImage)),
        0,
    ),
    "segno and zipfile (scaled from 300)": (
        functools.partial(in_zipfile, 300, functools.partial(by_segno, kind="svg")),
        0,
    ),
}


def listing(place, batch):
    """Send the list as a CSV file; the peer loads all rows as objects and writes dictionaries."""
    results = compare({"ours": lambda: sent(batch), ORM: lambda: written(batch)})
    ratio = median(their / our for our, their in zip(*results.values(), strict=True))
    return [
        Row(
            f"100,000 codes with their links as CSV, {place.name}",
            f"{median(results['ours']):.2f} s",
            f"{median(results[ORM]):.2f} s, {ORM}",
            f"{ratio:.1f}×",
            "≥ 3×",
            ratio >= 3,
        )
    ]


ORM = "SQLModel's `.all()` and `csv.DictWriter`"


def sent(batch):
    """Ask for the list as a program does."""
    program = Program()
    began = time.perf_counter()
    text = program.get(f"/batches/{batch.id}/codes.csv").text
    seconds = time.perf_counter() - began
    must(text.count("\n") == CODES + 1 and batches.links(batch)(CODES) in text, "every code and its link is in it")
    return seconds


def written(batch):
    """Write the list as the tutorials do."""
    link, text = batches.links(batch), io.StringIO()
    began = time.perf_counter()
    with database.reading() as session:
        writer = csv.DictWriter(text, ("serial", "code", "url", "status", "redeemed_at"), extrasaction="ignore")
        for one in session.exec(select(Code).where(Code.batch_id == batch.id).order_by(Code.serial)).all():
            writer.writerow(one.model_dump() | {"url": link(one.serial)})
    return time.perf_counter() - began


def alone(url, batch_id, form):
    """Return the seconds to the first byte, and by how many MB a fresh process grows until the last."""
    with multiprocessing.get_context("spawn").Pool(1) as process:
        return process.apply(_send, (url, batch_id, form))


def _send(url, batch_id, form):
    database.connect(url)
    batch = see(batches.get, batch_id)
    wanted = Wanted(1, CODES, form, SIZE, ErrorLevel.MEDIUM)
    process, most, done = psutil.Process(), [0], threading.Event()
    gc.collect()
    before = process.memory_info().rss

    def watch():
        while not done.wait(0.01):
            most[0] = max(most[0], process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    first, began = 0.0, time.perf_counter()
    with database.reading() as session:
        for _ in files.zipped(session, batch, wanted, by=builders.ADMIN, made_at=times.now()):
            first = first or time.perf_counter() - began
    done.set()
    watching.join()
    return first, max(0, most[0] - before) / 1e6


def scan_batch():
    """Make a scan batch as the app does, with all its codes."""
    batch = change(builders.scan_batch, 0, now=times.now(), quantity=str(CODES))
    engine.run(see(jobs.of_subject, batches.GENERATE_CODES, [batch.id])[batch.id].id, worker.KINDS)
    return see(batches.get, batch.id)
