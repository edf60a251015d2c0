"""An entry reads as a sentence, with a link where there is a page."""

from loyalty_app.auditlog import rules


def test_a_thing_with_a_page_is_linked():
    assert rules.address("batch 12") == "/admin/batches/12"
    assert rules.address("offer 3") == "/admin/offers/3"
    assert rules.address("redemption 3") == "/admin/redemptions/?redemption=3"


def test_a_thing_without_a_page_is_not():
    assert rules.address("account 3") == ""
    assert rules.address("program") == ""
    assert rules.address("batch 12/../x") == ""
