"""A picture is kept once, by those who may."""

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.pictures import service as pictures
from loyalty_app.pictures.drawing import Drawn
from loyalty_app.pictures.models import Picture
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

CUP = Drawn(b"a cup", "image/webp", 40, 20)
BEAN = Drawn(b"a bean", "image/webp", 8, 9)


def test_a_picture_comes_back_as_it_was():
    kept = change(pictures.keep, CUP, by=MARKETER, now=NOON)

    found = see(pictures.get, kept.digest)
    assert (found.content, found.media_type, found.width, found.height) == (b"a cup", "image/webp", 40, 20)
    assert (found.created_at, found.created_by) == (NOON, MARKETER.account_id)
    assert see(pictures.chosen, kept.digest) == kept.id
    shown = see(pictures.shown, [kept.id, None])
    assert shown == {kept.id: pictures.Shown(kept.digest, 40, 20)}
    assert shown[kept.id].url == f"/pictures/{kept.digest}"
    assert see(pictures.shown, [None]) == {}


def test_the_same_picture_is_the_same_row():
    first = change(pictures.keep, CUP, by=MARKETER, now=NOON)
    second = change(pictures.keep, CUP, by=ADMIN, now=NOON)
    other = change(pictures.keep, BEAN, by=ADMIN, now=NOON)

    assert first.id == second.id != other.id
    assert len(rows(Picture)) == 2
    assert len([entry for entry in rows(AuditEntry) if entry.verb == "upload"]) == 2


def test_two_who_upload_the_same_at_once_get_the_same_row(other_processes):
    kept = at_once([lambda: change(pictures.keep, CUP, by=ADMIN, now=NOON)] * 6)

    assert len({one.id for one in kept}) == 1
    assert len(rows(Picture)) == 1


def test_only_who_makes_offers_or_keeps_the_profile_keeps_pictures():
    change(pictures.keep, CUP, by=Actor(1, permissions=frozenset({Permission.PROGRAM_MANAGEMENT})), now=NOON)
    for by in (CASHIER, VIEWER):
        with pytest.raises(ForbiddenError):
            change(pictures.keep, BEAN, by=by, now=NOON)
    assert len(rows(Picture)) == 1


@pytest.mark.parametrize("digest", ["", "0" * 64, "no\0digest", "é" * 64])
def test_a_picture_that_is_not_there_is_not_found(digest):
    with pytest.raises(NotFoundError):
        see(pictures.get, digest)


def test_a_form_names_a_picture_or_none():
    assert see(pictures.chosen, "") is None
    with pytest.raises(InvalidError) as refused:
        see(pictures.chosen, "0" * 64, "logo")
    assert refused.value.problems.keys() == {"logo"}
