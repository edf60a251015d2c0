"""The preview is what will be printed, the review is what is made, and two clicks make one batch."""

import asyncio
import json
from datetime import timedelta

import pytest

from loyalty_app.batches import scans
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, act_as
from loyalty_app.keys import service as keys
from loyalty_app.qr import drawing
from loyalty_app.scanforms import state
from loyalty_app.scanforms.state import PreviewView, ScanFormState
from tests import builders
from tests.builders import MARKETER
from tests.doors import change, rows, see


@pytest.fixture(autouse=True)
def maker(database):
    act_as(MARKETER)
    yield
    act_as(STRANGER)


@pytest.fixture
def ground():
    program, _, key_id = change(state._surroundings)
    return state._Ground(program.time_zone, program.locale, key_id, "https://loyalty.example/admin/")


def form(*parameters, **texts):
    filled = {
        "name": "Cups",
        "quantity": "3",
        "alphabet": "safe",
        "length": "10",
        "expires_on": (times.now() + timedelta(days=30)).date().isoformat(),
    }
    sent = [{"key": key, "value": value} for key, value in parameters or [("points", "20")]]
    return filled | {"parameters": json.dumps(sent)} | texts


def preview(ground, *parameters, before=None, **texts):
    return state._preview(state._draft(form(*parameters, **texts)), before or PreviewView(), ground)


@pytest.mark.requirement("S0-12")
def test_the_preview_is_of_the_address_that_will_be_printed(ground):
    seen = preview(ground, ("points", "20"), ("shop", "Old Town"), base_url="https://shop.example/in?from=cup#top")
    batch = change(
        builders.scan_batch,
        parameters=(("points", "20"), ("shop", "Old Town")),
        base_url="https://shop.example/in?from=cup#top",
        now=times.now(),
    )

    printed = builders.link(batch)
    assert len(seen.url) == len(printed)
    assert drawing.facts(seen.url) == drawing.facts(printed)
    assert seen.qr == drawing.svg_data_uri(seen.url)
    assert seen.parameters == (("points", "20"), ("shop", "Old Town"))
    assert seen.note == ""


def test_the_sample_of_the_preview_redeems_nothing(ground):
    token = preview(ground).url.partition("code=")[2]
    opened = see(keys.opened, [token])[token].sealed

    assert (opened.number, opened.serial) == (0, 0)
    assert see(lambda session: session.get(Batch, 0)) is None


def test_the_preview_keeps_what_was_right_while_somebody_types(ground):
    before = preview(ground, ("points", "20"), base_url="https://shop.example/")
    seen = preview(ground, ("points", "twenty"), base_url="https://", before=before)

    assert (seen.url, seen.parameters) == (before.url, before.parameters)
    assert "Points are a whole number" in seen.note
    assert "Enter a whole address" in seen.note


def test_an_impossible_quantity_or_prefix_is_said_while_somebody_types(ground):
    before = preview(ground, prefix="sun")
    seen = preview(ground, prefix="sün", quantity="100001", before=before)

    assert "Enter a whole number from 1 to 100,000." in seen.note
    assert "Use up to 12 letters A to Z and digits." in seen.note
    assert seen.sample == before.sample == "SUN-2345-6789-AB"


def test_a_row_that_is_half_typed_is_left_out_of_the_preview(ground):
    assert preview(ground, ("points", "20"), ("shop", "")).parameters == (("points", "20"),)
    assert preview(ground, ("points", "")).note.startswith("An example")


def test_the_preview_shows_the_prefix_and_the_odds(ground):
    seen = preview(ground, prefix="sun", quantity="20000", alphabet="numeric", length="8")

    assert seen.sample == "SUN-0123-4567"
    assert seen.is_weak
    assert "1 guess in 5,000" in seen.odds


@pytest.fixture
def tab():
    opened = ScanFormState(_reflex_internal_init=True)
    program, _, key_id = change(state._surroundings)
    opened._ground = state._Ground(program.time_zone, program.locale, key_id, "")
    opened.zone = program.time_zone
    return opened


def run(handler, tab, *args):
    return asyncio.run(handler.fn(tab, *args))


@pytest.mark.requirement("S0-13")
def test_two_clicks_on_submit_make_one_batch(tab):
    run(ScanFormState.review, tab, form(("points", "20"), ("shop", "Old Town")))
    assert tab.stage == "review"
    first, second = run(ScanFormState.submit, tab), run(ScanFormState.submit, tab)

    (batch,) = rows(Batch)
    assert batch.kind is BatchKind.SCAN
    assert batch.parameters == {"points": "20", "shop": "Old Town"}
    assert f"made={batch.id}" in str(first)
    assert second is None


def test_what_is_not_acceptable_is_said_at_its_field_and_nothing_is_made(tab):
    run(ScanFormState.review, tab, form(("points", "0"), name="", quantity="100001", length="3"))

    assert set(tab.problems) == {"parameters", "name", "quantity", "length"}
    assert tab.unfolded
    assert tab.stage != "review"
    assert run(ScanFormState.submit, tab) is None
    assert rows(Batch) == []


def test_going_back_and_changing_makes_what_was_reviewed_last(tab):
    run(ScanFormState.review, tab, form(("points", "20")))
    run(ScanFormState.change, tab)
    assert run(ScanFormState.submit, tab) is None
    run(ScanFormState.review, tab, form(("points", "30")))
    run(ScanFormState.submit, tab)

    assert [batch.parameters for batch in rows(Batch)] == [{"points": "30"}]


def test_another_like_one_has_everything_but_its_last_day():
    fields = (scans.asked.Field("Size", scans.asked.FieldType.CHOICE, choices=("S", "M")),)
    batch = change(
        builders.scan_batch,
        parameters=(("points", "20"), ("shop", "Old Town")),
        prefix="SUN",
        base_url="https://shop.example/in",
        title="Twenty for you",
        fields=fields,
        now=times.now(),
    )
    like = see(state._like, batch.id)

    assert (like.name, like.quantity, like.prefix, like.expires_on) == ("Cups again", "3", "SUN", "")
    assert (like.base_url, like.title) == ("https://shop.example/in", "Twenty for you")
    draft = state._draft(vars(like))
    assert draft.parameters == (("points", "20"), ("shop", "Old Town"))
    assert draft.fields == fields


def test_another_like_one_that_leads_home_and_speaks_of_points_goes_on_doing_so():
    like = see(state._like, change(builders.scan_batch, now=times.now()).id)

    assert (like.base_url, like.title) == ("", "")
    assert see(state._like, 999) == state._empty()
    assert see(state._like, change(builders.batch, now=times.now()).id) == state._empty()
