"""What no database stores is left out of what people type."""

from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.core.texts import storable


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_that_can_be_stored(text):
    kept = storable(text)

    assert "\0" not in kept
    assert kept.encode().decode() == kept


def test_ordinary_text_stays_as_it_is():
    assert storable("Café Aurora, قهوة\n☕") == "Café Aurora, قهوة\n☕"
