"""A ZIP file goes out entry by entry, other programs read it, and it survives a crash in the middle."""

import io
import random
import shutil
import struct
import subprocess
import zipfile
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.core import zips
from loyalty_app.core.zips import Archive, Packed

MADE = datetime(2026, 11, 21, 10, 42, 36)  # noqa: DTZ001 - a clock on the wall has no zone
PICTURES = [(f"{serial:06}-SUN.png", random.Random(serial).randbytes(300 + serial % 7)) for serial in range(1, 501)]


def written(entries, archive=None):
    archive = archive or Archive(MADE)
    return b"".join([*(archive.entry(name, content) for name, content in entries), *archive.end()])


def read(content):
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return [(one.filename, opened.read(one)) for one in opened.infolist()]


def test_an_archive_holds_what_was_put_in_under_its_name_and_time():
    content = written(PICTURES)

    assert read(content) == PICTURES
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert {one.date_time for one in opened.infolist()} == {(2026, 11, 21, 10, 42, 36)}


def test_an_empty_archive_is_one_too():
    assert read(written([])) == []


@given(st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.binary()))
def test_any_name_and_any_content_come_back(entries):
    assert read(written(entries.items())) == list(entries.items())


def test_a_packed_text_is_an_entry_like_the_others():
    archive, packed = Archive(MADE), Packed()
    pieces = [archive.entry("a", b"first")]
    for number in range(1000):
        packed.add(f"{number}\r\n".encode())
    text = archive.packed("manifest.csv", packed)

    assert read(b"".join([*pieces, text, *archive.end()])) == [
        ("a", b"first"),
        ("manifest.csv", "".join(f"{number}\r\n" for number in range(1000)).encode()),
    ]
    assert len(text) < packed.size


@pytest.mark.parametrize("kept", [0, 1, 250, 500])
def test_an_archive_goes_on_where_it_was_cut(tmp_path, kept):
    archive = Archive(MADE)
    path = tmp_path / "codes.zip"
    sizes = [0]
    with path.open("wb") as file:
        for name, content in PICTURES:
            file.write(archive.entry(name, content))
            sizes.append(archive.size)

    with path.open("r+b") as file:
        file.truncate(sizes[kept])
        resumed = Archive.resumed(MADE, file, sizes[kept])
        assert (resumed.size, resumed.entries) == (sizes[kept], kept)
        file.write(written(PICTURES[kept:], resumed))

    assert path.read_bytes() == written(PICTURES)


def test_a_packed_text_survives_the_cut_too():
    archive, packed = Archive(MADE), Packed()
    packed.add(b"some of it " * 50)
    before = archive.packed("manifest.csv", packed)

    resumed = Archive.resumed(MADE, io.BytesIO(before), len(before))

    assert read(before + written(PICTURES[:3], resumed))[0] == ("manifest.csv", b"some of it " * 50)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_cut_within_an_entry_is_noticed(off):
    content = written(PICTURES[:2])
    second = len(Archive(MADE).entry(*PICTURES[0])) + len(Archive(MADE).entry(*PICTURES[1]))

    with pytest.raises(ValueError, match="no entry"):
        Archive.resumed(MADE, io.BytesIO(content), second + off)


def test_more_entries_than_the_old_format_can_count_are_counted():
    many = [(f"{serial}.svg", b"") for serial in range(70_000)]

    content = written(many)

    assert [name for name, _ in read(content)] == [name for name, _ in many]
    assert struct.unpack_from("<Q", content, content.rindex(b"PK\6\6") + 32) == (70_000,)


def test_entries_are_found_behind_four_gigabytes(tmp_path):
    path = tmp_path / "large.zip"
    archive = Archive(MADE)
    with path.open("wb") as file:
        file.write(archive.entry("first", b"1"))
        archive.size += 1 << 32  # as if so many had gone out: a hole in a file takes no room on the disk
        file.seek(archive.size)
        file.write(archive.entry("last", b"2"))
        for piece in archive.end():
            file.write(piece)

    with zipfile.ZipFile(path) as opened:
        assert [(one.filename, opened.read(one)) for one in opened.infolist()] == [("first", b"1"), ("last", b"2")]
        assert opened.getinfo("last").header_offset > zips.MOST_BYTES


def test_an_entry_that_the_format_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(zips, "MOST_BYTES", 1000)

    with pytest.raises(ValueError, match="too large"):
        Archive(MADE).entry("a", bytes(1000))


@pytest.mark.skipif(not shutil.which("unzip"), reason="there is no unzip here")
def test_another_program_finds_no_fault(tmp_path):
    path = tmp_path / "codes.zip"
    path.write_bytes(written(PICTURES))

    said = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)  # noqa: S607 - wherever it is

    assert (said.returncode, "No errors detected" in said.stdout) == (0, True)
