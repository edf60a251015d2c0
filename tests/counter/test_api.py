"""What tablets fetch and send: once, in order, in the words of the counter, and by nobody else."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from loyalty_app.codes.models import Code
from loyalty_app.core import times
from loyalty_app.core.actor import Actor
from loyalty_app.core.database import transact
from loyalty_app.core.reasons import Reason
from loyalty_app.counter import api as counter_api
from loyalty_app.counter import rules
from loyalty_app.places import rules as place_rules
from loyalty_app.places import service as places
from loyalty_app.places.models import Place
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask
from loyalty_app.ui.shield import COOKIE
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, OTHER_CASHIER, VIEWER, WARSAW
from tests.doors import change, rows, see
from tests.programs import Program, plain_routes

pytestmark = pytest.mark.usefixtures("database")

TICK = timedelta(minutes=1)


@pytest.fixture
def batch(database):
    return change(builders.batch, now=times.now())


@pytest.fixture
def tablet(database):
    place = change(builders.place)
    device = change(builders.device, place)
    return replace(CASHIER, place_id=place.id, device_id=device.id)


def ask(method, path, by=CASHIER, **more):
    """Send one request as somebody who is signed in."""

    async def who(session_hash: str) -> Actor:
        return by if session_hash else Actor()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(plain_routes(who))
        headers = {"Cookie": f"{COOKIE}=1"} | more.pop("headers", {})
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(send())


def claimed(batch, name="Mia"):
    now = times.now()
    return change(lambda session: builders.claimed(session, batch, builders.member(session, name), now=now))


def scan(code, nonce="one", ago=TICK, **more):
    return {"text": code, "nonce": nonce, "scannedAt": (times.now() - ago).isoformat()} | more


def send(*scans, by=CASHIER):
    answer = ask("POST", "/counter/queue", by, json={"scans": scans, "sentAt": times.now().isoformat()})
    assert answer.status_code == 200, answer.text
    return answer.json()["answers"]


def test_the_list_is_fetched_once_and_again_when_something_changed(batch):
    first = ask("GET", "/counter/snapshot", headers={"Accept-Encoding": "identity"})
    assert first.status_code == 200
    known = {"If-None-Match": first.headers["etag"]}
    assert ask("GET", "/counter/snapshot", headers=known).status_code == 304

    claimed(batch)
    second = ask("GET", "/counter/snapshot", headers=known | {"Accept-Encoding": "identity"})
    assert second.status_code == 200
    assert len(second.content) > len(first.content)
    packed = ask("GET", "/counter/snapshot", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["cache-control"] == "no-store"


def test_all_tablets_get_the_list_that_was_made_once_and_are_told_since_when_it_is_right(batch, monkeypatch):
    packed = []
    monkeypatch.setattr(
        rules, "packed", lambda listing, salt, pack=rules.packed: packed.append(1) or pack(listing, salt)
    )
    claimed(batch)

    first = ask("GET", "/counter/snapshot", headers={"Accept-Encoding": "identity"})
    second = ask("GET", "/counter/snapshot", OTHER_CASHIER, headers={"Accept-Encoding": "gzip"})
    same = ask("GET", "/counter/snapshot", headers={"If-None-Match": first.headers["etag"]})

    assert first.content == second.content  # the client unpacks it
    assert len(packed) == 1
    assert int(first.headers["x-time"]) <= int(second.headers["x-time"]) <= int(same.headers["x-time"])
    claimed(batch, "Max")
    third = ask("GET", "/counter/snapshot", headers={"Accept-Encoding": "identity"})
    assert third.content != first.content
    assert len(packed) == 2


@pytest.mark.parametrize(("method", "path"), [("GET", "/counter/snapshot"), ("POST", "/counter/queue")])
def test_only_people_at_a_counter_get_in(batch, method, path):
    body = {"json": {"scans": [], "sentAt": times.now().isoformat()}} if method == "POST" else {}
    assert ask(method, path, Actor(), **body).status_code == 401
    assert ask(method, path, VIEWER, **body).status_code == 403
    assert ask(method, path, **body).status_code == 200
    key = {"Authorization": f"Bearer {Program('redeem').key}"}
    program = replace(CASHIER, account_id=None, api_key_id=1)
    assert ask(method, path, program, headers=key, **body).status_code in {401, 403}


def test_scans_are_redeemed_in_order_and_a_repeat_of_them_changes_nothing(batch, tablet):
    mia, max_ = claimed(batch), claimed(batch, "Max")
    scans = [scan(mia, "a", 3 * TICK), scan(max_, "b", 2 * TICK), scan(mia, "c"), scan("NEVER-MADE-23", "d")]

    answers = send(*scans, by=tablet)

    assert [(one["nonce"], one["verdict"], one["headline"]) for one in answers] == [
        ("a", "confirmed", "Accepted"),
        ("b", "confirmed", "Accepted"),
        ("c", "conflict", "Already redeemed"),
        ("d", "refused", "Unknown code"),
    ]
    assert answers[0]["member"] == "Mia"
    # The next shift sends them again, as the answer got lost.
    again = send(*scans, by=replace(tablet, account_id=OTHER_CASHIER.account_id, name="Tomek"))
    assert [one["verdict"] for one in again] == ["confirmed", "confirmed", "conflict", "refused"]
    assert [row.place_id for row in rows(Redemption)] == [tablet.place_id] * 2
    assert len(rows(Attempt)) == 4


def test_whoever_was_first_is_told_with_time_and_place(batch, tablet):
    code = claimed(batch)
    change(redemptions.redeem_many, [Ask(code, replace(tablet, name="Tomek", account_id=4))], now=times.now())

    (lost,) = send(scan(code))

    assert lost["verdict"] == "conflict"
    assert lost["first"].endswith("by Tomek at Old Town")
    (won, late) = rows(Attempt)
    assert (won.reason, late.reason) == (None, Reason.CONFLICT_OFFLINE)
    assert late.scanned_at < late.at


def test_a_tablet_is_told_by_which_clock_people_go_where_it_stands(batch, tablet):
    change(lambda session: session.connection().execute(sa.update(Place).values(time_zone="Atlantic/Azores")))
    listed = [ask("GET", "/counter/snapshot", by) for by in (CASHIER, tablet)]
    assert [one.headers["x-zone"] for one in listed] == [WARSAW, "Atlantic/Azores"]
    known = {"If-None-Match": listed[1].headers["etag"]}
    assert ask("GET", "/counter/snapshot", tablet, headers=known).headers["x-zone"] == "Atlantic/Azores"

    code, now = claimed(batch), times.now()
    change(redemptions.redeem_many, [Ask(code, OTHER_CASHIER, place_id=tablet.place_id)], now=now)
    (here,) = send(scan(code), by=tablet)
    (there,) = send(scan(code, "two"))
    at = times.say_instant(now, "Atlantic/Azores", "en-GB")
    assert here["first"] == f"{at} by Tomek at Old Town"
    assert there["first"].startswith(f"{times.say_instant(now, WARSAW, 'en-GB')} by Tomek at Old Town (")
    assert there["first"].endswith(" Azores time)")


def test_an_attempt_that_was_answered_unheard_is_confirmed_and_counted_once(batch):
    code = claimed(batch)
    change(redemptions.redeem_many, [Ask(code, CASHIER, nonce="one")], now=times.now())

    (answer,) = send(scan(code, "one"))

    assert answer["verdict"] == "confirmed"
    assert len(rows(Redemption)) == len(rows(Attempt)) == 1


def test_what_somebody_else_sends_again_from_the_same_browser_is_no_conflict_with_itself(batch):
    code = claimed(batch)
    change(redemptions.redeem_many, [Ask(code, CASHIER, nonce="one")], now=times.now())

    (answer,) = send(scan(code, "one", scannedBy=CASHIER.account_id), by=OTHER_CASHIER)

    assert (answer["verdict"], answer["member"]) == ("confirmed", "Mia")
    assert [row.account_id for row in rows(Attempt)] == [CASHIER.account_id]
    assert len(rows(Redemption)) == 1


def test_another_text_under_the_number_of_somebody_else_is_a_scan_of_its_own(batch):
    mia, max_ = claimed(batch), claimed(batch, "Max")
    change(redemptions.redeem_many, [Ask(mia, CASHIER, nonce="one")], now=times.now())

    (answer,) = send(scan(max_, "one", scannedBy=CASHIER.account_id), by=OTHER_CASHIER)

    assert (answer["verdict"], answer["member"]) == ("confirmed", "Max")
    assert [row.account_id for row in rows(Redemption)] == [CASHIER.account_id, OTHER_CASHIER.account_id]


def test_a_tablet_that_is_revoked_while_it_sends_keeps_what_was_not_taken_yet(batch, tablet, monkeypatch):
    scans = [scan(claimed(batch, name), name, spot=where_it_stands(tablet)) for name in ("Mia", "Max")]

    async def revoked_then(verb, ask, redeem=counter_api.together):
        answer = await redeem(verb, ask)
        if ask.nonce == "Mia":
            await transact(places.revoke, tablet.device_id, by=ADMIN, now=times.now())
        return answer

    monkeypatch.setattr(counter_api, "together", revoked_then)
    body = {"scans": scans, "sentAt": times.now().isoformat()}

    assert ask("POST", "/counter/queue", tablet, json=body).status_code == 403
    assert len(rows(Redemption)) == len(rows(Attempt)) == 1

    answers = send(*scans, by=OTHER_CASHIER)
    assert [one["verdict"] for one in answers] == ["confirmed", "confirmed"]
    assert [row.account_id for row in rows(Redemption)] == [tablet.account_id, OTHER_CASHIER.account_id]


def test_a_scan_that_cannot_be_taken_does_not_hold_up_those_behind_it(batch):
    code = claimed(batch)

    answers = send(scan("ABCD-EFGH", "a", amount=-1), scan("x" * 5000, "b"), scan(code, "c"))

    assert [one["verdict"] for one in answers] == ["refused", "refused", "confirmed"]
    assert answers[0]["lead"].startswith("Enter what the basket is worth")


def test_a_link_that_is_longer_than_any_of_ours_is_cut_as_with_a_connection(batch):
    code = claimed(batch)

    (answer,) = send(scan(f"https://kawa.example/?code={code}&pad={'A' * 5000}"))

    assert answer["verdict"] == "confirmed"


@pytest.fixture
def elsewhere(database):
    return change(builders.place, "Riverside")


def where_it_stands(by, ago=timedelta(hours=1)):
    return see(places.spot, by.place_id, by.device_id, now=times.now() - ago)


def booked():
    return [(row.place_id, row.device_id) for row in rows(Redemption)]


def test_a_scan_counts_where_the_tablet_stood_and_not_where_it_was_moved_since(batch, tablet, elsewhere):
    spot = where_it_stands(tablet)
    change(places.move, tablet.device_id, "Bar tablet", elsewhere.id, by=ADMIN, now=times.now())

    send(scan(claimed(batch), spot=spot), by=replace(tablet, place_id=elsewhere.id))

    assert booked() == [(tablet.place_id, tablet.device_id)]


def test_what_a_tablet_was_told_proves_nothing_of_scans_after_it_was_moved(batch, tablet, elsewhere):
    spot = where_it_stands(tablet)
    change(places.move, tablet.device_id, "Bar tablet", elsewhere.id, by=ADMIN, now=times.now() - 2 * TICK)
    before, after = (
        scan(claimed(batch, name), name, ago, spot=spot) for name, ago in (("Mia", 3 * TICK), ("Max", TICK))
    )

    send(before, after, by=OTHER_CASHIER)

    assert booked() == [(tablet.place_id, tablet.device_id), (None, None)]


@pytest.mark.parametrize(
    ("told", "scanned", "counts"),
    [(1, 0, True), (1, 4, False), (24 * 6, 0, True), (24 * 8, 0, False), (24 * 8, 24 * 2, True)],
)
def test_what_a_tablet_was_told_holds_for_a_week_from_then_on(batch, tablet, told, scanned, counts):
    hour = timedelta(hours=1)
    spot = where_it_stands(tablet, told * hour)
    code = claimed(batch)
    change(lambda session: session.execute(sa.update(Code).values(claimed_at=times.now() - 24 * 9 * hour)))

    send(scan(code, ago=scanned * hour + TICK, spot=spot), by=OTHER_CASHIER)

    assert booked() == [(tablet.place_id, tablet.device_id) if counts else (None, None)]


def test_a_tablet_is_believed_for_as_long_as_its_scans_are_taken():
    assert place_rules.PROOF_LIFE == redemption_rules.OFFLINE_LIFE
    assert place_rules.CLOCKS_DIFFER == redemption_rules.CLOCKS_DIFFER


def test_what_a_revoked_tablet_scanned_before_counts_there_whoever_sends_it(batch, tablet, elsewhere):
    spot = where_it_stands(tablet)
    sender = replace(OTHER_CASHIER, place_id=elsewhere.id)
    before, after = (
        scan(claimed(batch, name), name, ago, spot=spot) for name, ago in (("Mia", 3 * TICK), ("Max", TICK))
    )
    change(places.revoke, tablet.device_id, by=ADMIN, now=times.now() - 2 * TICK)

    answers = send(before, after, by=sender)
    again = send(before, after, by=replace(LEAD, place_id=elsewhere.id))

    assert [one["verdict"] for one in answers] == ["confirmed", "confirmed"]
    assert booked() == [(tablet.place_id, tablet.device_id), (tablet.place_id, None)]
    assert again[0] == answers[0]
    assert [row.account_id for row in rows(Redemption)] == [sender.account_id] * 2


def test_a_browser_of_ones_own_counts_where_it_said_it_was_as_it_could_have_chosen_that(batch, tablet, elsewhere):
    sender = replace(CASHIER, place_id=elsewhere.id)
    closed = change(builders.place, "Closed")
    now = times.now()
    change(places.close, closed.id, by=ADMIN, now=now - timedelta(hours=1))
    told = {
        str(tablet.place_id): tablet.place_id,
        str(closed.id): elsewhere.id,
        "99": elsewhere.id,
        "": elsewhere.id,
        "Old Town": elsewhere.id,
        f"{tablet.place_id}.{tablet.device_id}.{place_rules.hour(now)}.{'0' * 64}": elsewhere.id,
        "1" * 500: elsewhere.id,
    }
    scans = [scan(claimed(batch, f"Guest {number}"), str(number), spot=spot) for number, spot in enumerate(told)]

    send(*scans, by=sender)

    assert booked() == [(place_id, None) for place_id in told.values()]


def test_nobody_on_an_enrolled_tablet_names_another_place_than_its_own(batch, tablet, elsewhere):
    stolen = where_it_stands(tablet).replace(f"{tablet.place_id}.", f"{elsewhere.id}.", 1)
    scans = [
        scan(claimed(batch, f"Guest {number}"), str(number), spot=spot)
        for number, spot in enumerate((str(elsewhere.id), stolen))
    ]

    send(*scans, by=tablet)

    assert booked() == [(tablet.place_id, tablet.device_id)] * 2


def test_a_scan_is_put_down_to_who_made_it_and_not_to_who_sends_it(batch, tablet):
    first, second = claimed(batch), claimed(batch, "Max")
    scans = [scan(first, "a", scannedBy=OTHER_CASHIER.account_id), scan(second, "b", scannedBy=10**30)]

    answers = send(*scans, by=tablet)

    assert [one["verdict"] for one in answers] == ["confirmed", "confirmed"]
    assert [row.account_id for row in rows(Redemption)] == [OTHER_CASHIER.account_id, tablet.account_id]


@pytest.mark.parametrize(
    ("scanned", "sent"),
    [
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
        ("1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_a_clock_that_was_put_right_between_scan_and_sending_loses_nothing(batch, tablet, scanned, sent):
    scans = [scan(claimed(batch)) | {"scannedAt": scanned}]

    answer = ask("POST", "/counter/queue", tablet, json={"scans": scans, "sentAt": sent})

    assert [one["verdict"] for one in answer.json()["answers"]] == ["confirmed"]
    assert len(rows(Redemption)) == len(rows(Attempt)) == 1


def test_a_clock_that_says_a_voucher_was_scanned_before_it_was_claimed_decides_nothing(batch, tablet):
    now = times.now()
    hour = timedelta(hours=1)
    codes = [claimed(batch, name) for name in ("Mia", "Max", "Zoe")]
    change(lambda session: session.execute(sa.update(Code).values(claimed_at=now - hour, expires_at=now - TICK)))
    day_behind, in_time, late = (
        scan(code, code, ago) for code, ago in zip(codes, (24 * hour, hour / 2, TICK / 2), strict=True)
    )

    answers = send(day_behind, in_time, late, by=tablet)
    assert [(one["verdict"], one["headline"]) for one in answers] == [
        ("refused", "Expired"),
        ("confirmed", "Accepted"),
        ("refused", "Expired"),
    ]
    change(lambda session: session.execute(sa.update(Code).values(expires_at=now + hour)))
    (kept,) = send(scan(codes[0], "again", 24 * hour), by=tablet)
    assert kept["verdict"] == "confirmed"
    assert all(row.scanned_at > now - hour for row in rows(Redemption))


def test_at_most_fifty_scans_come_at_once(batch):
    body = {"scans": [scan("ABCD-EFGH", str(number)) for number in range(51)], "sentAt": times.now().isoformat()}
    assert ask("POST", "/counter/queue", json=body).status_code == 422


@pytest.mark.parametrize(("form", "is_cleared"), [({}, True), ({"unsent": "yes"}, False)])
def test_signing_out_clears_the_browser_unless_scans_wait_in_it(database, form, is_cleared):
    answer = ask("POST", "/auth/sign-out", data=form)

    assert answer.status_code == 200
    assert ("clear-site-data" in answer.headers) is is_cleared
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
