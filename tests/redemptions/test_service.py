"""Every code is redeemed at most once, and every attempt is kept."""

import pytest
from loyalty_app.redemptions import service
from loyalty_app.redemptions.service import Ask, Redeemed
from tests import builders
from tests.builders import CASHIER, NOON
from tests.doors import change

pytestmark = pytest.mark.usefixtures("database")


def test_first():
    b = change(builders.batch)
    code = change(builders.claimed, b)
    (a,) = change(service.redeem_many, [Ask(code, CASHIER)], now=NOON)
    assert isinstance(a, Redeemed)
