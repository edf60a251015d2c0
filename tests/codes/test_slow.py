"""Who fetches files slowly, or many at once, holds up no screen."""

import pytest

from loyalty_app.auditlog import api as auditlog
from loyalty_app.auditlog.service import Wish as Search
from loyalty_app.codes import api
from loyalty_app.codes.files import Wanted
from loyalty_app.codes.service import Wish
from loyalty_app.core import database as databases
from loyalty_app.program import service as programs
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat
from loyalty_app.ui.problems import ProblemError
from loyalty_app.ui.rest import begun
from tests import builders
from tests.builders import ADMIN, NOON
from tests.doors import at_once, change, see
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")

MANY = 2 * databases.POOL_SIZE + 6
SMALL = Wanted(1, 3, PictureFormat.SVG, 300, ErrorLevel.MEDIUM)


@pytest.fixture
def cups(monkeypatch):
    """Three codes, read one by one."""
    monkeypatch.setattr(api, "CHUNK", 1)
    monkeypatch.setattr(auditlog, "CHUNK", 1)
    monkeypatch.setattr(api.files, "PIECE", 1)
    return change(builders.scan_batch, 3)


@pytest.mark.parametrize(
    "stream",
    [
        lambda batch: api._chunks(batch, Wish(), (1, 3), api._row, [], ADMIN),
        lambda batch: api._zipped(batch, SMALL, ADMIN, NOON),
        lambda _batch: auditlog._chunks(Search(), ADMIN),
    ],
    ids=["codes", "pictures", "trail"],
)
def test_screens_do_not_wait_for_files_that_are_fetched_slowly(cups, stream):
    def start():
        try:
            pieces = begun(stream(cups))
        except ProblemError as refused:
            return refused.problem
        next(pieces)
        return pieces

    slow = at_once([start] * MANY)
    begun_ones = [one for one in slow if hasattr(one, "__next__")]

    assert len(begun_ones) == databases.DOWNLOADS
    assert {one.status for one in slow if one not in begun_ones} == {503}
    assert see(programs.current).name == "Kawa"
    said = Program().get(f"/batches/{cups.id}/codes.csv")
    assert (said.status_code, said.json()["code"], said.headers["retry-after"]) == (503, "busy", "60")

    assert all(list(one) for one in begun_ones)  # what was begun is read to its end, and makes room
    assert Program().get(f"/batches/{cups.id}/codes.csv").status_code == 200
