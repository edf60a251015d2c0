"""Locations are opened and closed; tablets are enrolled once, moved and revoked."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlmodel import Session

from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import database
from loyalty_app.core.actor import device_topic
from loyalty_app.core.errors import ForbiddenError, InvalidError
from loyalty_app.core.live import Topic
from loyalty_app.places import rules
from loyalty_app.places import service as places
from loyalty_app.places.models import Device, Place
from loyalty_app.places.rules import Draft
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, WARSAW
from tests.doors import at_once, change, rows, see

furnished = pytest.mark.usefixtures("database")


def old_town(session: Session) -> Place:
    return places.create(session, Draft("Old Town", "Rynek 1"), by=ADMIN, now=NOON)


def invited(session: Session) -> places.Invited:
    return places.invite(session, old_town(session).id or 0, "Bar tablet", by=ADMIN, now=NOON)


def test_a_location_needs_a_name_and_a_zone_that_there_is():
    assert set(rules.problems(Draft(" ", "x" * 201, "Mars/Base"))) == {"name", "address", "time_zone"}
    assert rules.problems(Draft("Old Town", "", WARSAW)) == {}


@furnished
def test_the_redemptions_of_a_location_are_counted_where_it_is_listed():
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    who = replace(CASHIER, place_id=device.place_id, device_id=device.id)
    code = change(lambda session: builders.claimed(session, builders.batch(session)))
    change(redemptions.redeem_many, [redemptions.Ask(code, who)], now=NOON)

    assert places.REDEEMED == redemptions.TOPIC
    (site,) = see(places.sites, by=ADMIN, now=NOON)
    assert (site.redemptions, [one.name for one in site.devices]) == (1, ["Bar tablet"])


@furnished
def test_a_location_has_the_zone_of_the_program_unless_it_says_another():
    assert change(old_town).time_zone == WARSAW
    lisbon = change(places.create, Draft("Alfama", "", "Europe/Lisbon"), by=ADMIN, now=NOON)
    assert lisbon.time_zone == "Europe/Lisbon"
    assert [site.place.name for site in see(places.sites, by=ADMIN, now=NOON)] == ["Alfama", "Old Town"]


@furnished
def test_only_an_admin_manages_locations():
    for who in (CASHIER, MARKETER):
        with pytest.raises(ForbiddenError):
            change(places.create, Draft("Old Town"), by=who, now=NOON)


@furnished
def test_a_closed_location_shuts_its_tablets_out_keeps_its_name_and_can_be_opened_again():
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    place_id = made.device.place_id

    change(places.close, place_id, by=ADMIN, now=NOON)
    assert see(places.enrolled, device.secret) is None
    assert see(places.was_revoked, device.secret)
    assert see(places.names, {place_id}) == {place_id: "Old Town"}
    assert see(places.open_places) == {}
    with pytest.raises(places.ClosedError):
        change(places.invite, place_id, "Another", by=ADMIN, now=NOON)

    change(places.reopen, place_id, by=ADMIN, now=NOON)
    assert see(places.open_places) == {place_id: "Old Town"}
    assert see(places.enrolled, device.secret) is None


@furnished
def test_looking_at_a_link_uses_nothing_up_and_enrolling_uses_it_up():
    made = change(invited)
    for _ in range(2):
        assert see(places.invitation, made.secret, now=NOON).name == "Bar tablet"
    device = change(places.enrol, made.secret, now=NOON)

    assert see(places.enrolled, device.secret).place == "Old Town"
    assert see(places.invitation, made.secret, now=NOON) is None
    assert change(places.enrol, made.secret, now=NOON) is None
    (kept,) = rows(Device)
    assert device.secret not in (kept.secret_hash or "")
    assert made.secret not in str(kept)
    assert ("enrol", "Bar tablet") in {(one.verb, one.actor) for one in rows(AuditEntry)}


@furnished
def test_a_link_is_over_after_a_quarter_of_an_hour_and_when_another_was_made():
    made = change(invited)
    assert change(places.enrol, made.secret, now=NOON + rules.ENROL_LIFE) is None

    again = change(places.invite_again, made.device.id, by=ADMIN, now=NOON)
    assert change(places.enrol, made.secret, now=NOON) is None
    assert change(places.enrol, again.secret, now=NOON + rules.ENROL_LIFE - timedelta(seconds=1))


@furnished
def test_of_two_tablets_with_one_link_one_wins():
    made = change(invited)
    answers = at_once([lambda: change(places.enrol, made.secret, now=NOON)] * 8)

    (winner,) = [answer for answer in answers if answer]
    assert see(places.enrolled, winner.secret)


@furnished
def test_a_revoked_tablet_is_out_for_good_and_everybody_hears_of_it(kind: str):
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    for _ in range(2):
        change(places.revoke, device.id, by=ADMIN, now=NOON)

    assert see(places.enrolled, device.secret) is None
    assert see(places.hold, {device.id}) == set()
    with pytest.raises(places.RevokedError):
        change(places.invite_again, device.id, by=ADMIN, now=NOON)
    assert [one.verb for one in rows(AuditEntry)].count("revoke") == 1
    if kind == "sqlite":
        assert device_topic(device.id) in {topic.name for topic in rows(Topic)}


@furnished
def test_a_tablet_is_renamed_and_moved():
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    river = change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    with pytest.raises(InvalidError):
        change(places.move, device.id, " ", river.id, by=ADMIN, now=NOON)
    change(places.move, device.id, "Door tablet", river.id, by=ADMIN, now=NOON)

    found = see(places.enrolled, device.secret)
    assert (found.name, found.place) == ("Door tablet", "Riverside")


@furnished
@pytest.mark.usefixtures("other_processes")
def test_a_scan_and_the_closing_of_its_location_wait_for_each_other_in_one_order():
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    code = change(lambda session: builders.claimed(session, builders.batch(session)))
    who = replace(CASHIER, place_id=device.place_id, device_id=device.id)
    is_held, is_closing = Event(), Event()

    def scan() -> None:
        with database.transaction() as session:
            assert places.hold(session, {device.id}) == {device.id}
            is_held.set()
            assert is_closing.wait(30)
            time.sleep(0.3)  # the closing has come as far as it can
            redemptions.redeem_many(session, [redemptions.Ask(code, who)], now=NOON)

    def close() -> None:
        assert is_held.wait(30)
        is_closing.set()
        change(places.close, device.place_id, by=ADMIN, now=NOON)

    at_once([scan, close])
    assert [one.place_id for one in rows(Redemption)] == [device.place_id]
    assert see(places.enrolled, device.secret) is None


@furnished
@pytest.mark.usefixtures("other_processes")
def test_a_tablet_that_leaves_while_its_location_closes_is_taken_out_or_has_left():
    town, river = change(old_town), change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    device = change(places.invite, town.id, "Bar tablet", by=ADMIN, now=NOON).device

    def move(place_id: int) -> None:
        with suppress(places.ClosedError, places.RevokedError):
            change(places.move, device.id, f"Tablet {device.id}", place_id, by=ADMIN, now=NOON)

    def close() -> bool:
        return bool(change(places.close, town.id, by=ADMIN, now=NOON).closed_at)

    for turn in range(10):
        *_, is_closed = at_once([lambda: move(town.id), lambda: move(river.id), close])
        (kept,) = (one for one in rows(Device) if one.id == device.id)
        assert is_closed
        assert (kept.revoked_at is None) == (kept.place_id == river.id), turn
        change(places.reopen, town.id, by=ADMIN, now=NOON)
        device = change(places.invite, town.id, "Bar tablet", by=ADMIN, now=NOON).device


@furnished
def test_the_last_contact_is_written_once_a_minute():
    made = change(invited)
    device = change(places.enrol, made.secret, now=NOON)
    change(places.seen, device.id, now=NOON + timedelta(seconds=59))
    assert rows(Device)[0].last_seen_at == NOON
    change(places.seen, device.id, now=NOON + timedelta(seconds=60))
    assert rows(Device)[0].last_seen_at == NOON + timedelta(seconds=60)


@furnished
def test_no_two_open_locations_have_one_name():
    town, river = change(old_town), change(places.create, Draft("Łódź Rivęr"), by=ADMIN, now=NOON)
    for name in ("old  TOWN", "łódź RIVĘR"):
        with pytest.raises(InvalidError, match="Another location"):
            change(places.create, Draft(name), by=ADMIN, now=NOON)
    with pytest.raises(InvalidError, match="Another location"):
        change(places.update, town.id, Draft("ŁÓDŹ rivęr"), by=ADMIN, now=NOON)
    change(places.update, town.id, Draft("OLD TOWN", "Rynek 2"), by=ADMIN, now=NOON)  # it may keep its own

    change(places.close, river.id, by=ADMIN, now=NOON)
    change(places.create, Draft("łódź rivęr"), by=ADMIN, now=NOON)
    with pytest.raises(places.TakenError):
        change(places.reopen, river.id, by=ADMIN, now=NOON)
    change(places.update, river.id, Draft("Riverside"), by=ADMIN, now=NOON)
    assert change(places.reopen, river.id, by=ADMIN, now=NOON).closed_at is None


@furnished
@pytest.mark.usefixtures("other_processes")
def test_of_two_locations_or_tablets_named_alike_at_once_one_is_refused():
    def is_made(verb, *args) -> bool:
        try:
            change(verb, *args, by=ADMIN, now=NOON)
        except InvalidError:
            return False
        return True

    assert sum(at_once([lambda: is_made(places.create, Draft("Old Town"))] * 4)) == 1
    (town,) = rows(Place)
    assert sum(at_once([lambda: is_made(places.invite, town.id, "Bar")] * 4)) == 1
    (bar,) = rows(Device)
    river = change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    far = change(places.invite, river.id, "Bar", by=ADMIN, now=NOON).device  # elsewhere it may be called the same
    answers = at_once([lambda: is_made(places.move, far.id, "Bar", town.id)] * 2)
    assert (answers, is_made(places.move, far.id, "bär", town.id)) == ([False, False], True)
    assert not is_made(places.move, bar.id, "BÄR ", town.id)
    change(places.revoke, far.id, by=ADMIN, now=NOON)
    assert is_made(places.move, bar.id, "BÄR", town.id)


@furnished
def test_one_location_too_many_is_refused_and_none_is_left_out(monkeypatch):
    monkeypatch.setattr(places, "MOST_PLACES", 2)
    town = change(old_town)
    change(places.close, town.id, by=ADMIN, now=NOON)
    change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    with pytest.raises(InvalidError, match="locations, closed ones too"):
        change(places.create, Draft("Harbour"), by=ADMIN, now=NOON)

    change(lambda session: [builders.place(session, f"Place {number}") for number in range(300)])
    assert len(see(places.sites, by=ADMIN, now=NOON)) == 302
    assert len(see(places.open_places)) == 301
