"""Offers are made and found."""

from dataclasses import replace

import pytest

from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer, RewardKind
from loyalty_app.offers.rules import Draft
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

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
