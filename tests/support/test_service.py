"""Why a code is refused: the steps say the same as redeeming, and tell nobody what is not theirs to know."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.core import config
from loyalty_app.core.errors import ForbiddenError, InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.keys.models import TokenKey
from loyalty_app.landing import service as landing
from loyalty_app.members.models import Member
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Redeemed, Refused
from loyalty_app.support import rules
from loyalty_app.support import service as support
from loyalty_app.support.rules import Verdict
from loyalty_app.support.service import Question, Several
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

TOO_LATE = NOON + timedelta(days=40)


def why(code, member="", by=ADMIN, *, now=NOON, **more):
    return change(support.explain, Question(code, member, **more), by=by, now=now)


def step(trace, number):
    return trace.steps[number - 1]


def words(trace, number):
    say = rules.claim_said if trace.is_claim else rules.said
    return say(step(trace, number), trace.facts)


def id_of(actor):
    return next(row.id for row in rows(Member) if row.name == actor.name)


def test_a_good_voucher_passes_every_step_and_nothing_is_kept_but_the_question(database):
    batch = change(builders.batch)
    code = change(builders.claimed, batch)

    trace = why(code)

    assert (trace.reasons, [one.number for one in trace.steps]) == ((), list(range(1, 18)))
    assert {one.verdict for one in trace.steps} == {Verdict.PASSED, Verdict.NOT_APPLICABLE}
    assert words(trace, 11) == "Expires 15 Jul 2026, 23:59 Europe/Warsaw; judged at 15 Jun 2026, 12:00."
    assert (rows(Redemption), rows(Attempt), see(batches.get, batch.id).redeemed) == ([], [], 0)
    entry = rows(AuditEntry)[-1]
    assert (entry.verb, entry.subject, entry.details, entry.actor) == (
        "look_into",
        f"batch {batch.id}",
        "serial 1",
        "Ada",
    )
    assert not any(code in entry.details + entry.subject for entry in rows(AuditEntry))


def test_a_used_voucher_tells_when_where_and_by_whom(database):
    place = change(builders.place)
    code = change(builders.claimed, change(builders.batch))
    change(redemptions.redeem_many, [Ask(code, replace(CASHIER, place_id=place.id))], now=NOON)

    trace = why(code, now=NOON + timedelta(hours=1))

    assert (trace.reasons[0], step(trace, 8).is_decisive) == (Reason.ALREADY_REDEEMED, True)
    assert words(trace, 8) == "Redeemed first on 15 Jun 2026, 12:00 at Old Town by Kasia."


def test_the_holder_is_compared_with_the_member_who_asked(database):
    code = change(builders.claimed, change(builders.batch))
    ben = change(builders.member, "Ben")

    trace = why(code, str(id_of(ben)))

    assert trace.reasons == (Reason.NOT_HOLDER,)
    assert words(trace, 13) == "Held by Mia, asked for Ben."


def test_the_basket_is_compared_with_the_minimum(database):
    offer = change(builders.offer, "Dear cake", minimum_purchase="20")
    code = change(builders.claimed, change(builders.batch, offer_id=str(offer.id)))

    assert why(code, amount="20").reasons == ()
    trace = why(code, amount="19.99")

    assert trace.reasons == (Reason.MIN_PURCHASE,)
    assert "basket PLN19.99" in words(trace, 14)


def test_an_end_is_judged_at_the_moment_that_is_asked_by_the_clock_of_the_location(database):
    place = change(builders.place)
    code = change(builders.claimed, change(builders.batch))

    assert why(code, place=str(place.id), at="2026-07-15T23:59").reasons == ()
    assert why(code, place=str(place.id), at="2026-07-16T00:00").reasons == (Reason.EXPIRED,)


@pytest.mark.parametrize(
    ("text", "reason", "number"),
    [
        ("?", Reason.MALFORMED, 2),
        ("SUN-AAAA-BBBB-CC", Reason.UNKNOWN_CODE, 4),
        ("https://elsewhere.example/menu", Reason.WRONG_KIND, 5),
        ("https://elsewhere.example/?code=SAVE20", Reason.WRONG_KIND, 5),
        ("https://elsewhere.example/claim/summer", Reason.WRONG_KIND, 5),
        ("Az09" * 12, Reason.TAMPERED, 3),
    ],
)
def test_what_is_found_nowhere_ends_at_its_step(text, reason, number):
    trace = why(text)

    assert (trace.reasons, step(trace, number).is_decisive) == ((reason,), True)
    assert {one.verdict for one in trace.steps[number:]} == {Verdict.NOT_CHECKED}
    assert see(redemptions.validate, Ask(text, CASHIER), now=NOON).reasons == (reason,)
    assert all(
        words(trace, one.number).endswith(".") and " of the batch ." not in words(trace, one.number)
        for one in trace.steps
    )
    assert (rows(AuditEntry)[-1].subject, rows(AuditEntry)[-1].details) == ("code", "not found")


def test_a_code_pasted_from_a_chat_is_explained_like_a_scanned_one(database):
    code = change(builders.claimed, change(builders.batch))

    assert why("\u200b" + "\u200b".join(code) + "\u2060").reasons == why(code).reasons == ()


def test_a_member_who_guessed_too_often_waits(database):
    mia = change(builders.member)
    scan = change(builders.scan_batch)
    code = next(one.code for one in see(codes.made, scan.id, 1, 1, by=ADMIN))
    for _ in range(redemption_rules.GUESSES_AN_ACCOUNT):
        change(landing.look, "SUN-AAAA-BBBB-CC", by=mia, peer=builders.PEER, now=NOON)

    trace = why(code, str(id_of(mia)))

    assert (trace.reasons, step(trace, 1).is_decisive) == ((Reason.RATE_LIMITED,), True)
    assert words(trace, 1) == "10 of 10 wrong codes typed by the member in 15 minutes."
    assert why(builders.link(scan), str(id_of(mia))).reasons == ()


@pytest.mark.requirement("S3-32")
def test_a_claim_link_tells_why_a_member_cannot_claim(database):
    batch = change(builders.batch, 1)
    mia = change(builders.member)
    link = f"https://kawa.example/en-us/claim/{batch.claim_token}"

    assert why(link).reasons == (Reason.LOGIN_REQUIRED,)
    assert why(link, str(id_of(mia))).reasons == ()
    change(builders.claimed, batch, mia)
    had = why(link, str(id_of(mia)))
    assert had.reasons[0] is Reason.ALREADY_CLAIMED
    assert words(had, 7).startswith("They have ")
    gone = why(link, str(id_of(change(builders.member, "Ben"))))
    assert (gone.reasons, words(gone, 8)) == ((Reason.SOLD_OUT,), "0 left of 1.")
    change(batches.pause, batch.id, by=ADMIN, now=NOON)
    assert why(link, str(id_of(mia))).reasons[0] is Reason.BATCH_PAUSED
    assert why(f"{config.settings().origin}/claim/nothing").reasons == (Reason.UNKNOWN_CODE,)


def test_who_may_not_manage_codes_reads_no_code_that_still_pays(database):
    scan = change(builders.scan_batch)
    code = next(one.code for one in see(codes.made, scan.id, 1, 1, by=ADMIN))

    assert code not in why(builders.link(scan), by=LEAD).facts.code.replace("-", "")
    assert why(builders.link(scan), by=MARKETER).facts.code.replace("-", "") == code
    change(redemptions.redeem_many, [Ask(builders.link(scan), change(builders.member))], now=NOON)
    assert why(builders.link(scan), by=LEAD).facts.code.replace("-", "") == code


def test_who_may_not_see_members_has_to_know_the_whole_address_and_learns_no_name(database):
    code = change(builders.claimed, change(builders.batch))
    ben = change(builders.member, "Ben")

    for guess in ("Ben", "ben@", str(id_of(ben))):
        with pytest.raises(InvalidError, match="No member fits"):
            why(code, guess, LEAD)
    trace = why(code, "ben@example.com", LEAD)

    assert (trace.facts.asked_for, trace.is_member_shown) == ("ben@example.com", False)
    assert trace.reasons == (Reason.NOT_HOLDER,)


def test_of_several_members_one_is_chosen(database):
    code = change(builders.claimed, change(builders.batch))
    change(builders.member, "Ben Adam")
    change(builders.member, "Ben Novak")

    found = why(code, "ben")

    assert isinstance(found, Several)
    assert {one.name for one in found.members} == {"Ben Adam", "Ben Novak"}
    assert not found.has_more


def test_who_does_not_fit_on_the_list_is_found_by_more_of_the_name(database, monkeypatch):
    monkeypatch.setattr(support, "MOST_FOUND", 2)
    code = change(builders.claimed, change(builders.batch))
    for name in ("Łucja Żak", "Łucja Novak", "Łucja Lis"):
        change(builders.member, name)

    found = why(code, "łucja")
    assert (found.has_more, [one.name for one in found.members]) == (True, ["Łucja Lis", "Łucja Novak"])
    assert why(code, "żak łucja").facts.asked_for == "Łucja Żak"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": " "},
        {"code": "A" * 2501},
        {"amount": "five"},
        {"amount": "1e99"},
        {"amount": "1e9999999"},
        {"amount": "1e-9999999"},
        {"amount": "NaN"},
        {"amount": "Infinity"},
        {"amount": "1" * 500},
        {"at": "soon"},
        {"at": "0001-01-01T00:00"},
        {"at": "9999-12-31T23:59-10:00"},
        {"place": "99"},
    ],
)
def test_a_question_that_makes_no_sense_is_said_at_its_field(wrong):
    with pytest.raises(InvalidError) as refused:
        change(support.explain, Question(**{"code": "SUN", **wrong}), by=ADMIN, now=NOON)

    assert list(refused.value.problems) == list(wrong)


@pytest.mark.parametrize("by", [CASHIER, VIEWER])
def test_only_support_may_ask(by):
    with pytest.raises(ForbiddenError):
        why("SUN", by=by)


def test_the_steps_stand_in_the_order_in_which_reasons_count():
    places = [rules.of_code(reason, fails=True).place for reason, _ in redemption_rules.CHECKS]

    assert places == sorted(places)
    assert len(rules.CODE_STEPS) == 17
    assert set(rules.NEXT) == set(rules.HEADLINES) >= {reason for one in rules.CODE_STEPS for reason in one.reasons}


VOUCHER = st.fixed_dictionaries(
    {
        "is_claimed": st.booleans(),
        "is_used": st.booleans(),
        "is_honoured": st.booleans(),
        "is_off": st.booleans(),
        "is_paused": st.booleans(),
        "is_frozen": st.booleans(),
        "is_late": st.booleans(),
        "is_scan": st.booleans(),
        "is_retired": st.booleans(),
        "member": st.sampled_from(["", "Mia", "Ben"]),
        "amount": st.sampled_from(["", "19.99", "20"]),
        "way": st.sampled_from(["typed", "link", "changed"]),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=VOUCHER)
def test_the_decisive_step_is_what_a_till_answers(database, state):
    change(builders.member, "Ben")
    change(lambda session: session.connection().execute(sa.update(TokenKey).values(retired_at=None)))
    offer = change(builders.offer, "Dear cake", minimum_purchase="20")
    batch = change(builders.scan_batch, 1) if state["is_scan"] else change(builders.batch, 1, offer_id=str(offer.id))
    mia = change(builders.member)
    text = _prepared(batch, mia, state)
    now = TOO_LATE if state["is_late"] else NOON
    member_id = id_of(replace(mia, name=state["member"])) if state["member"] else None
    amount = int(float(state["amount"]) * 100 + 0.5) if state["amount"] else None
    ask = Ask(text, CASHIER, member_id=member_id, amount=amount)

    trace = why(text, str(member_id or ""), now=now, amount=state["amount"])
    checked = see(redemptions.validate, ask, now=now)
    (answer,) = change(redemptions.redeem_many, [ask], now=now)

    assert trace.reasons == checked.reasons
    failed = [one for one in trace.steps if one.verdict is Verdict.FAILED]
    match answer:
        case Redeemed():
            assert (failed, trace.reasons) == ([], ())
        case Refused(reason, _, also):
            assert (failed[0].reason, failed[0].is_decisive, trace.reasons) == (reason, True, (reason, *also))
            assert sum(one.is_decisive for one in trace.steps) == 1
        case _:
            pytest.fail(f"{answer} is no answer to a voucher that asks nothing")
    assert all(rules.said(one, trace.facts) for one in trace.steps)


def _prepared(batch, mia, state):
    """Bring a code into a state, by the ways that lead there, and return what is scanned."""
    if state["is_scan"]:
        text = builders.link(batch)
        (one,) = see(codes.made, batch.id, 1, 1, by=ADMIN)
        code = one.code
        if state["is_used"]:
            change(redemptions.redeem_many, [Ask(text, mia)], now=NOON)
        if state["way"] == "typed":
            text = code
        elif state["way"] == "changed":
            text = text[:-1] + ("A" if text[-1] != "A" else "B")
        change(_retire, batch.key_id, NOON if state["is_retired"] else None)
    else:
        code = text = change(builders.claimed, batch, mia) if state["is_claimed"] else _first(batch)
        if state["is_claimed"] and state["is_honoured"]:
            change(redemptions.redeem_many, [Ask(code, LEAD, goodwill="Long queue")], now=TOO_LATE)
        elif state["is_claimed"] and state["is_used"]:
            change(redemptions.redeem_many, [Ask(code, CASHIER)], now=NOON)
    if state["is_off"]:
        change(codes.disable, code, by=ADMIN, now=NOON)
    if state["is_paused"]:
        change(batches.pause, batch.id, by=ADMIN, now=NOON)
    if state["is_frozen"]:
        change(batches.freeze, batch.id, by=ADMIN, now=NOON)
    return text


def _retire(session, key_id, at):
    # By hand, as nothing takes it back: the next example needs the key again.
    session.connection().execute(sa.update(TokenKey).where(TokenKey.id == key_id).values(retired_at=at))


def _first(batch):
    (one,) = see(codes.made, batch.id, 1, 1, by=ADMIN)
    return one.code


CLAIM = st.fixed_dictionaries(
    {
        "has_one": st.booleans(),
        "is_gone": st.booleans(),
        "is_paused": st.booleans(),
        "is_late": st.booleans(),
        "is_named": st.booleans(),
        "is_making": st.booleans(),
        "is_failed": st.booleans(),
    }
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=CLAIM)
@pytest.mark.requirement("S3-32")
def test_the_decisive_step_of_a_claim_is_what_the_claim_link_answers(database, state):
    batch = change(builders.batch, 2, quantity="3" if state["is_making"] or state["is_failed"] else "2")
    mia = change(builders.member)
    if state["has_one"]:
        change(builders.claimed, batch, mia)
    if state["is_gone"]:
        for name in ("Ola", "Ela")[: 1 if state["has_one"] else 2]:
            change(builders.claimed, batch, change(builders.member, name))
    if state["is_failed"]:
        change(batches.fail, batch.id)
    elif state["is_paused"] and not state["is_making"]:
        change(batches.pause, batch.id, by=ADMIN, now=NOON)
    now = TOO_LATE if state["is_late"] else NOON
    by = mia if state["is_named"] else builders.CASHIER

    link = f"/claim/{batch.claim_token}"
    trace = why(link, str(id_of(mia)) if state["is_named"] else "", now=now)
    (answer,) = change(claims.claim_many, [claims.Ask(batch.claim_token, by)], now=now)

    reason = answer.reason if isinstance(answer, claims.Refused) else None
    assert (trace.reasons[0] if trace.reasons else None) is reason
    failed = [one for one in trace.steps if one.verdict is Verdict.FAILED]
    assert [one.reason for one in failed if one.is_decisive] == ([reason] if reason else [])
    assert not failed or failed[0].is_decisive
    assert all(rules.claim_said(one, trace.facts) for one in trace.steps)
