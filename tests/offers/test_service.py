"""Offers are made and found, changed and copied; a batch keeps what was promised when it was made."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.claims import service as claims
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.offers import rules
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, RewardKind
from loyalty_app.offers.rules import Draft
from loyalty_app.offers.service import ChangedMeanwhileError, Sort, Wish
from loyalty_app.pictures import service as pictures
from loyalty_app.pictures.drawing import Drawn
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(hours=1)
CUP, BEAN = Drawn(b"a cup", "image/webp", 40, 20), Drawn(b"a bean", "image/webp", 8, 9)
COFFEE = Draft(
    "Free coffee",
    "One cup.",
    "Only here.",
    reward_item="One coffee, any size",
    translations={"de-DE": {"title": "Gratis-Kaffee"}, "ar": {"title": "قهوة مجانية"}},
)
TEN_OFF = Draft("Ten off", reward_kind="amount", reward_value="10", minimum_purchase="40", valid_days="14")


def test_an_offer_is_kept_as_promised():
    made = change(offers.create, TEN_OFF, by=MARKETER, now=NOON)

    kept = see(offers.get, made.id)
    assert kept == made
    assert (kept.reward_kind, kept.reward_value, kept.minimum_purchase) == (RewardKind.AMOUNT, 1000, 4000)
    assert kept.created_at == NOON


def test_a_wrong_offer_is_not_made():
    with pytest.raises(InvalidError) as refused:
        change(offers.create, replace(TEN_OFF, title="", reward_value=""), by=ADMIN, now=NOON)

    assert refused.value.problems.keys() == {"title", "reward_value"}
    assert rows(Offer) == []


def test_only_who_manages_offers_makes_them():
    for by in (CASHIER, VIEWER):
        with pytest.raises(ForbiddenError):
            change(offers.create, TEN_OFF, by=by, now=NOON)


def test_the_newest_offers_come_first():
    for title in ("First", "Second"):
        change(builders.offer, title)

    assert [offer.title for offer in see(offers.newest, by=VIEWER)] == ["Second", "First"]
    with pytest.raises(ForbiddenError):
        see(offers.newest, by=CASHIER)


def test_an_offer_that_is_not_there_is_not_found():
    with pytest.raises(NotFoundError):
        see(offers.get, 99)


def test_an_offer_keeps_its_picture_and_its_words_in_every_language():
    picture = change(pictures.keep, CUP, by=MARKETER, now=NOON)
    made = change(offers.create, replace(COFFEE, picture=picture.digest), by=MARKETER, now=NOON)

    kept = see(offers.get, made.id)
    assert kept.picture_id == picture.id
    assert kept.translations == COFFEE.translations
    with pytest.raises(InvalidError) as refused:
        change(offers.create, replace(COFFEE, picture="0" * 64), by=MARKETER, now=NOON)
    assert refused.value.problems.keys() == {"picture"}


def test_an_offer_is_changed_and_the_audit_log_says_what():
    made = change(offers.create, COFFEE, by=MARKETER, now=NOON)
    changed = change(offers.update, made.id, replace(COFFEE, title="Free tea", terms=""), by=ADMIN, now=LATER)

    assert see(offers.get, made.id) == changed
    assert (changed.title, changed.terms, changed.created_at, changed.updated_at) == ("Free tea", "", NOON, LATER)
    entry = rows(AuditEntry)[-1]
    assert (entry.verb, entry.subject, entry.details) == ("change", f"offer {made.id}", "title, terms")


def test_saving_an_offer_as_it_is_changes_nothing():
    made = change(offers.create, COFFEE, by=MARKETER, now=NOON)

    assert change(offers.update, made.id, COFFEE, by=ADMIN, now=LATER).updated_at == NOON
    assert rows(AuditEntry)[-1].verb == "create"


def test_of_two_who_change_what_they_saw_the_second_is_told():
    made = change(offers.create, COFFEE, by=MARKETER, now=NOON)
    # Even at the same instant the second version is another one.
    first = change(offers.update, made.id, replace(COFFEE, title="First"), seen=made.updated_at, by=ADMIN, now=NOON)

    with pytest.raises(ChangedMeanwhileError) as refused:
        change(offers.update, made.id, replace(COFFEE, title="Second"), seen=made.updated_at, by=MARKETER, now=NOON)
    assert refused.value.offer == first
    assert see(offers.get, made.id).title == "First"

    change(offers.update, made.id, replace(COFFEE, title="Second"), seen=first.updated_at, by=MARKETER, now=LATER)
    assert see(offers.get, made.id).title == "Second"


def test_of_many_who_save_at_once_one_wins_and_nobody_is_overwritten(other_processes):
    made = change(offers.create, COFFEE, by=MARKETER, now=NOON)

    def save(title):
        try:
            return change(
                offers.update, made.id, replace(COFFEE, title=title), seen=made.updated_at, by=ADMIN, now=LATER
            ).title
        except ChangedMeanwhileError:
            return ""

    saved = at_once([lambda title=title: save(title) for title in "abcdef"])
    assert [title for title in saved if title] == [see(offers.get, made.id).title]


def test_a_copy_promises_the_same_under_another_title():
    picture = change(pictures.keep, CUP, by=MARKETER, now=NOON)
    made = change(offers.create, replace(COFFEE, picture=picture.digest), by=MARKETER, now=NOON)
    copy = change(offers.clone, made.id, by=MARKETER, now=LATER)
    again = change(offers.clone, copy.id, by=MARKETER, now=LATER)

    assert [copy.title, again.title] == ["Copy of Free coffee"] * 2
    assert len({made.id, copy.id, again.id}) == 3
    same = batches.promise_of(copy).model_dump() | {"title": made.title}
    assert same == batches.promise_of(made).model_dump()
    assert (copy.created_at, copy.updated_at) == (LATER, LATER)
    assert len(change(offers.clone, change(builders.offer, "t" * 80).id, by=ADMIN, now=NOON).title) == 80


@pytest.mark.requirement("S3-38")
def test_a_batch_outlives_its_offer():
    batch = change(builders.batch, 3)
    change(offers.delete, batch.offer_id, by=MARKETER, now=LATER)

    assert rows(Offer) == []
    (kept,) = rows(Batch)
    assert (kept.offer_id, kept.title) == (None, "One coffee")
    with pytest.raises(NotFoundError):
        change(offers.delete, batch.offer_id, by=MARKETER, now=LATER)


@pytest.mark.requirement("S3-38")
def test_a_claim_page_shows_the_old_promise_in_every_language_after_the_offer_changed():
    picture, other = (change(pictures.keep, drawn, by=ADMIN, now=NOON).digest for drawn in (CUP, BEAN))
    made = change(offers.create, replace(COFFEE, picture=picture, valid_days="3"), by=ADMIN, now=NOON)
    batch = change(builders.batch, 3, offer_id=str(made.id))
    before = batches.promise_of(made)
    changed = change(
        offers.update,
        made.id,
        replace(TEN_OFF, picture=other, translations={"de-DE": {"title": "Zehn weniger"}}),
        by=ADMIN,
        now=LATER,
    )

    page = see(claims.look, batch.claim_token, by=STRANGER, now=LATER)
    assert page.promise.model_dump() == before.model_dump()
    assert {tag: words["title"] for tag, words in page.promise.translations.items()} == {
        "de-DE": "Gratis-Kaffee",
        "ar": "قهوة مجانية",
    }
    assert page.promise.picture_id == see(pictures.chosen, picture)
    assert rules.differences(page.promise, changed) == [
        "title", "description", "terms", "picture", "reward", "minimum purchase", "days of validity", "German text",
        "Arabic text",
    ]  # fmt: skip


@pytest.mark.requirement("S3-38")
def test_an_offer_knows_which_batches_were_made_before_it_changed():
    made = change(offers.create, COFFEE, by=ADMIN, now=NOON)
    old = [change(builders.batch, 1, name=f"Old {number}", offer_id=str(made.id)) for number in range(3)]
    change(builders.batch, 1, name="Of another offer")
    assert see(offers.older_batches, made.id, by=VIEWER).count == 0

    german = replace(COFFEE, translations={"de-DE": {"title": "Kaffee"}, "ar": {"title": "قهوة مجانية"}})
    change(offers.update, made.id, german, by=ADMIN, now=LATER)
    change(builders.batch, 1, name="New", offer_id=str(made.id))
    older = see(offers.older_batches, made.id, 2, by=VIEWER)
    assert (older.count, older.newest) == (3, [(old[2].id, "Old 2"), (old[1].id, "Old 1")])
    assert see(offers.batch_counts, [made.id, 99], by=VIEWER) == {made.id: 4}

    change(offers.update, made.id, COFFEE, by=ADMIN, now=LATER)
    assert see(offers.older_batches, made.id, by=VIEWER).newest == [(rows(Batch)[-1].id, "New")]


def test_only_who_manages_offers_changes_copies_or_removes_them():
    made = change(offers.create, COFFEE, by=ADMIN, now=NOON)
    for by in (CASHIER, VIEWER):
        with pytest.raises(ForbiddenError):
            change(offers.update, made.id, TEN_OFF, by=by, now=NOON)
        with pytest.raises(ForbiddenError):
            change(offers.clone, made.id, by=by, now=NOON)
        with pytest.raises(ForbiddenError):
            change(offers.delete, made.id, by=by, now=NOON)
    assert rows(Offer) == [made]


def titles(text="", sort=Sort.NEWEST, size=50):
    """Return the titles in the order of the list, read in pages of that size."""
    found, after = [], 0
    while page := see(offers.listed, Wish(text, sort), after, size, by=VIEWER):
        found += [offer.title for offer in page]
        after = page[-1].id
    return found


@pytest.mark.parametrize("size", [1, 2, 50])
def test_the_list_is_searched_and_sorted_page_by_page(size):
    made = [change(builders.offer, title) for title in ("banana", "Apple", "cherry", "apple", "100%")]
    change(offers.update, made[1].id, replace(COFFEE, title="Apple"), by=ADMIN, now=LATER)

    assert titles(size=size) == ["100%", "apple", "cherry", "Apple", "banana"]
    assert titles(sort=Sort.CHANGED, size=size) == ["Apple", "100%", "apple", "cherry", "banana"]
    assert titles(sort=Sort.TITLE, size=size) == ["100%", "Apple", "apple", "banana", "cherry"]
    assert titles("APPL", Sort.TITLE, size) == ["Apple", "apple"]
    assert titles("one cup", size=size) == titles("CUP apple", size=size) == ["Apple"]
    assert titles("%", size=size) == ["100%"]
    with pytest.raises(ForbiddenError):
        see(offers.listed, Wish(), 0, 5, by=CASHIER)
