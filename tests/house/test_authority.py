"""Nobody gets further than they may: every screen event, every route and every service is tried."""

import asyncio
import dataclasses
import importlib
import importlib.util
import inspect
import pkgutil
import re
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FunctionType
from typing import Any

import httpx
import pytest
import reflex as rx
from reflex.state import BaseState, EventHandlerSetVar, State
from reflex.utils.format import json_dumps
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from sqlmodel import Session

import loyalty_app
from loyalty_app import api
from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.batches.state import BatchesState
from loyalty_app.claims.state import CardsState
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, Actor, Permission, account_topic
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.ui import guard as guarding
from loyalty_app.ui.guard import FRAMEWORK, HYDRATE, BoundState, needed
from loyalty_app.ui.shield import COOKIE
from tests import builders, doors
from tests.house.app import app, guard
from tests.programs import every_route, plain_routes

HANDLERS = dict(RegistrationContext.get().event_handlers)
OURS = sorted(
    name
    for name, registered in HANDLERS.items()
    if name not in FRAMEWORK and not isinstance(registered.handler, EventHandlerSetVar)
)
SETVARS = sorted(name for name, registered in HANDLERS.items() if isinstance(registered.handler, EventHandlerSetVar))

CALLERS: dict[str, Actor] = {
    "stranger": STRANGER,
    "admin": builders.ADMIN,
    "lead": builders.LEAD,
    "marketer": builders.MARKETER,
    "staff": builders.CASHIER,
    "viewer": builders.VIEWER,
    "member": Actor(name="Mia", role=Role.MEMBER),
}
EVERYBODY = set(CALLERS)
WATCHERS = {"admin", "marketer", "viewer"}
MAKERS = {"admin", "marketer"}
MAY: dict[str, set[str]] = {
    "NoticeState": EVERYBODY,
    "ShellState": EVERYBODY,
    "EntranceState": EVERYBODY,
    "VerifyState": EVERYBODY,
    "ResetState": EVERYBODY,
    "AccountState": EVERYBODY,
    "ClaimState": EVERYBODY,
    "LandingState": EVERYBODY,
    "CardsState": {"member"},
    "PointsState": {"member"},
    "MembersState": MAKERS,
    "MemberState": MAKERS,
    "ActiveState": MAKERS,
    "VisitsState": WATCHERS,
    "AdjustmentState": {"admin"},
    "ReversalState": {"admin", "lead"},
    "EraseState": {"admin"},
    "OffersState": WATCHERS,
    "OfferState": MAKERS,
    "BatchesState": WATCHERS,
    "BatchActionsState": MAKERS,
    "DeleteState": MAKERS,
    "EditBatchState": MAKERS,
    "NewBatchState": MAKERS,
    "ScanFormState": MAKERS,
    "VouchersState": WATCHERS,
    "DownloadsState": MAKERS,
    "OverviewState": WATCHERS,
    "ProfileState": {"admin"},
    "AuditState": {"admin"},
    "BatchState": WATCHERS,
    "MemberCheckState": MAKERS,
    "PeopleState": {"admin"},
    "ApiKeysState": {"admin"},
    "KeyRingState": {"admin"},
    "ScanState": {"admin", "lead", "staff"},
    "RedemptionsState": WATCHERS | {"lead", "staff"},
    "UndoState": {"admin", "lead", "staff"},
    "SettleState": {"admin", "lead"},
    "LocationsState": {"admin"},
    "TillState": {"admin", "lead", "staff"},
    "EnrolState": EVERYBODY,
    "ScanBatchesState": WATCHERS,
    "ScanActionsState": MAKERS,
    "ScanBatchState": WATCHERS,
    "ScanCodesState": MAKERS,
    "WhyState": {"admin", "lead", "marketer"},
}
"""Who may send events to which state, written down a second time: a change has to be meant."""

PUBLIC_VARS: dict[str, set[str]] = {
    "NoticeState": {"notice", "is_problem"},
    "ShellState": {
        "program_name", "logo", "theme", "about", "website", "contact",
        "name", "home", "is_signed_in", "is_member", "may_view_dashboard", "may_view_redemptions", "may_scan",
        "may_manage", "may_view_members", "settings",
    },
    "EntranceState": {"next_path", "setup_secret", "is_setup_open", "is_reset", "is_loaded"},
    "VerifyState": {"sign_up", "email", "next_path", "is_sent_again", "has_mail_server", "is_loaded"},
    "ResetState": {"token", "is_sent", "is_open", "has_mail_server", "is_loaded"},
    "AccountState": {"name", "email", "done", "is_member", "may_have_pin", "has_pin", "sessions", "is_loaded"},
    "EnrolState": {"code", "device", "place", "is_loaded"},
    "TillState": {"place", "place_id", "device", "lock_seconds", "locks", "choices", "spot"},
    "LocationsState": {
        "rows", "zone", "place", "device", "changing", "invitation", "welcome", "problems", "places_made",
        "tablets_made", "is_loaded",
    },
    "ClaimState": {"screen", "offer", "until", "end", "here", "card", "picture"},
    "LandingState": {
        "screen", "code", "here", "start", "memory", "nonce", "prize", "questions", "sign_up", "email",
        "is_sent_again", "is_over", "has_mail_server", "when", "balance", "wait", "problem",
    },
    "CardsState": {"cards", "past", "is_loaded"},
    "MembersState": {"rows", "text", "is_erased", "other", "first_page", "next_page", "is_loaded"},
    "MemberState": {
        "member", "entries", "redemptions", "vouchers", "newest_entries", "older_entries", "newest_redemptions",
        "older_redemptions", "newest_vouchers", "older_vouchers", "may_adjust", "may_reverse", "is_missing",
        "is_loaded", "may_erase", "file", "events", "kind", "kinds", "newest_events", "older_events",
    },
    "ActiveState": {"ranks", "ranges", "days"},
    "VisitsState": {"offers", "offers_say", "clock", "steps", "steps_say", "is_loaded"},
    "EraseState": {"doomed_id", "doomed", "facts", "file", "fits", "problem", "busy", "turn"},
    "AdjustmentState": {"problems", "preview", "is_too_low", "turn"},
    "ReversalState": {"facts", "problems", "turn"},
    "PointsState": {"balance", "is_below", "rows", "first_page", "next_page", "is_loaded"},
    "OffersState": {"rows", "text", "sort", "first_page", "next_page", "is_loaded"},
    "OfferState": {
        "offer_id", "version", "title", "form", "words", "translated", "unfolded", "reward_kind", "currency",
        "problems", "main_words", "previews", "theirs", "batches", "older", "older_words", "is_missing", "is_loaded",
    },
    "BatchesState": {
        "rows", "text", "status", "channel", "sort", "offer", "offer_id", "without_offer", "is_narrowed",
        "found_words", "page", "pages", "newer", "older", "turn", "is_loaded", "share", "checks",
    },
    "BatchActionsState": {"busy", "frozen"},
    "DownloadsState": {
        "name", "back", "csv", "refusal", "kind", "sheet", "stream", "told", "warning", "preview", "problems", "files",
        "busy", "is_missing", "is_loaded",
    },
    "DeleteState": {"doomed", "facts", "file", "fits", "problem", "busy", "turn"},
    "EditBatchState": {"problems", "name", "channel", "is_missing", "is_loaded"},
    "NewBatchState": {
        "problems", "choices", "offer_id", "today", "zone", "is_loaded", "quantity", "alphabet", "length", "odds",
        "is_weak", "advice", "advised", "until", "promised",
    },
    "ScanFormState": {
        "stage", "version", "memory", "form", "choices", "today", "zone", "own_url", "problems", "unfolded", "steps",
        "preview", "parts", "made",
    },
    "VouchersState": {
        "name", "rows", "text", "status", "first_page", "next_page", "file", "sees_members", "is_missing",
        "is_loaded",
    },
    "OverviewState": {
        "batches", "batches_ever", "vouchers", "claimed", "redeemed", "rate", "claimed_share", "redeemed_share",
        "claimed_words", "vouchers_share", "scans", "is_loaded", "is_new", "at_work",
        "codes_used", "codes_active", "codes_words", "codes_note", "points_paid", "has_codes",
        "chart", "ranges",
    },
    "ProfileState": {
        "name", "brand_color", "color", "logo", "digest", "about", "website", "contact", "time_zone",
        "locale", "currency", "undo_minutes", "lock_minutes", "light", "dark", "problems", "picked", "version",
        "is_loaded",
    },
    "AuditState": {"rows", "people", "search", "first_page", "next_page", "file", "is_loaded"},
    "BatchState": {
        "batch", "offer", "changed", "advice", "checks", "siblings", "chart", "ranges", "me", "is_unseen", "is_missing",
        "is_loaded",
    },
    "MemberCheckState": {"rows", "verdict", "problem"},
    "PeopleState": {"rows", "chosen", "problems", "is_loaded"},
    "ApiKeysState": {
        "rows", "problems", "new_key", "new_name", "doomed_id", "doomed_name", "today", "is_loaded",
    },
    "KeyRingState": {
        "rows", "doomed_id", "impact", "phrase", "problem", "advice", "fits", "busy", "turn", "is_loaded",
    },
    "ScanState": {"answer", "camera", "mine", "person"},
    "RedemptionsState": {
        "cards", "rows", "places", "people", "narrowed", "found", "news", "here", "first_page", "next_page", "file",
        "file_words", "has_file", "days_problem", "one", "conflicts", "conflicts_words", "conflicts_rest",
        "may_settle", "is_loaded",
    },
    "SettleState": {"busy"},
    "UndoState": {"about", "said", "problem", "busy"},
    "ScanBatchesState": {
        "cards", "rows", "heads", "text", "status", "sort", "is_narrowed", "found_words", "page", "pages", "newer",
        "older", "turn", "is_loaded",
    },
    "ScanActionsState": {"asked", "busy"},
    "ScanBatchState": {
        "row", "batch", "activations", "rows", "serials", "chart", "ranges", "text", "status", "first_page",
        "next_page", "sees_members", "is_missing", "is_loaded",
    },
    "ScanCodesState": {"chosen", "looked", "is_busy"},
    "WhyState": {
        "asked", "answer", "steps", "people", "places", "problems", "zone", "may_search", "is_narrowed", "version",
        "is_loaded", "more_people",
    },
    "BoundState": set(),
}  # fmt: skip
"""What the browser gets of each state. A new one has to be looked at: is it for everybody who may open the page?"""

HARMLESS = (
    "",
    "0",
    "—",
    "/sign-in/",
    "percent",
    "500",
    "safe",
    "10",
    "starting",
    "ready",
    "newest",
    "zip",
    "l7160",
    0,
    1,
    False,
    None,
    [],
    (),
    {},
)
"""What a public var may hold before anybody has asked: all of it stands in a public file."""

PUBLIC_ROUTES = {
    ("/auth/sign-in", "POST"),
    ("/auth/sign-out", "POST"),
    ("/auth/sign-up", "POST"),
    ("/auth/verify", "POST"),
    ("/auth/new-code", "POST"),
    ("/auth/forgot-password", "POST"),
    ("/auth/reset-password", "POST"),
    ("/auth/password", "POST"),
    ("/auth/name", "POST"),
    ("/auth/setup", "POST"),
    ("/auth/device", "GET"),
    ("/auth/enrol", "POST"),
    ("/auth/pin", "POST"),
    ("/auth/lock", "POST"),
    ("/redeem", "GET"),
    ("/auth/points", "POST"),
    ("/auth/points-code", "POST"),
    ("/claim/{token}", "GET"),
    ("/{locale:other_locale}/claim/{token}", "GET"),
    ("/pictures/{digest}", "GET"),
    ("/api/openapi.json", "GET"),
    ("/api/docs", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
} | {
    (path, method)
    for path in ("/auth/{rest:path}", "/api/{rest:path}")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
}

PRIVATE_ROUTES = {
    ("/my/data.json", "GET"): Permission.CLAIM,
    ("/api/v1/batches/{batch_id}/codes.csv", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches/{batch_id}/codes.zip", "GET"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/codes", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches/{batch_id}/claims", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches/{batch_id}/claims", "POST"): Permission.CLAIM_FOR_MEMBERS,
    ("/api/v1/codes/{code}", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/codes/{code}/disable", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/codes/{code}/enable", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/codes/{code}/image.png", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/validations", "POST"): Permission.REDEEM,
    ("/api/v1/redemptions", "POST"): Permission.REDEEM,
    ("/api/v1/redemptions", "GET"): Permission.VIEW_REDEMPTIONS,
    ("/api/v1/redemptions.csv", "GET"): Permission.VIEW_REDEMPTIONS,
    ("/api/v1/redemptions/{redemption_id}", "GET"): Permission.VIEW_REDEMPTIONS,
    ("/api/v1/redemptions/{redemption_id}/undo", "POST"): Permission.REDEEM,
    ("/api/v1/redemptions/{redemption_id}/reverse", "POST"): Permission.REVERSE_REDEMPTIONS,
    ("/api/v1/batches", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches/{batch_id}", "PATCH"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}", "DELETE"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/pause", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/resume", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/freeze", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/unfreeze", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/disable-codes", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/enable-codes", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/codes/{code}/image.svg", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/codes/{code}/image.pdf", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/offers", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/offers", "POST"): Permission.OFFER_MANAGEMENT,
    ("/api/v1/offers/{offer_id}", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/offers/{offer_id}", "PATCH"): Permission.OFFER_MANAGEMENT,
    ("/api/v1/offers/{offer_id}", "DELETE"): Permission.OFFER_MANAGEMENT,
    ("/api/v1/offers/{offer_id}/clone", "POST"): Permission.OFFER_MANAGEMENT,
    ("/api/v1/members", "GET"): Permission.VIEW_MEMBERS,
    ("/api/v1/members", "POST"): Permission.MEMBER_MANAGEMENT,
    ("/api/v1/members/{member_id}", "GET"): Permission.VIEW_MEMBERS,
    ("/api/v1/members/{member_id}", "PATCH"): Permission.MEMBER_MANAGEMENT,
    ("/api/v1/batches/{batch_id}/labels.pdf", "GET"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/exports", "GET"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/exports", "POST"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/exports/{export_id}", "GET"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/exports/{export_id}", "DELETE"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/exports/{export_id}/file", "GET"): Permission.QR_CODE_MANAGEMENT,
    ("/api/v1/members/{member_id}/points", "GET"): Permission.VIEW_MEMBERS,
    ("/api/v1/members/{member_id}/points", "POST"): Permission.POINTS_MANAGEMENT,
    ("/api/v1/members/{member_id}/events", "GET"): Permission.VIEW_MEMBERS,
    ("/api/v1/members/{member_id}/export", "GET"): Permission.MEMBER_MANAGEMENT,
    ("/api/v1/members/{member_id}/erase", "POST"): Permission.MEMBER_MANAGEMENT,
    ("/api/v1/jobs/{job_id}", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/audit-log", "GET"): Permission.VIEW_AUDIT_LOG,
    ("/api/v1/api-keys", "GET"): Permission.API_KEY_MANAGEMENT,
    ("/api/v1/api-keys", "POST"): Permission.API_KEY_MANAGEMENT,
    ("/api/v1/api-keys/{key_id}", "GET"): Permission.API_KEY_MANAGEMENT,
    ("/api/v1/api-keys/{key_id}", "DELETE"): Permission.API_KEY_MANAGEMENT,
    ("/pictures", "POST"): Permission.OFFER_MANAGEMENT,
    ("/api/v1/audit-log.csv", "GET"): Permission.VIEW_AUDIT_LOG,
    ("/api/v1/batches/{batch_id}/qr.png", "GET"): Permission.VIEW_DASHBOARD,
    ("/api/v1/batches/{batch_id}/qr.svg", "GET"): Permission.VIEW_DASHBOARD,
    ("/auth/people", "POST"): Permission.USER_MANAGEMENT,
    ("/counter/snapshot", "GET"): Permission.REDEEM,
    ("/counter/queue", "POST"): Permission.REDEEM,
    ("/auth/people-pin", "POST"): Permission.USER_MANAGEMENT,
    ("/auth/my-pin", "POST"): Permission.REDEEM,
    ("/auth/stay", "POST"): Permission.REDEEM,
    ("/api/v1/places", "GET"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/places", "POST"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/places/{place_id}", "GET"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/places/{place_id}", "PATCH"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/places/{place_id}/close", "POST"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/places/{place_id}/reopen", "POST"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/devices", "GET"): Permission.PLACE_MANAGEMENT,
    ("/api/v1/devices/{device_id}", "DELETE"): Permission.PLACE_MANAGEMENT,
}

EXAMPLES = {"{locale:other_locale}": "de-DE", "{digest}": "0" * 64, "{rest:path}": "nowhere"}
"""What stands in an address in place of a name; else it is a 1."""

FRAMEWORK_ROUTES = {"/ping", "/_health", "/_event"}
"""The framework's own: the first two say that it lives, the third is the websocket."""

WITHOUT_MUST = {
    "audit.record": "writes down who did what; only services call it",
    "claims.look": "a claim page is for everybody",
    "landing.look": "so is the page behind a printed code",
    "landing.let_in": "whoever has the code from the mail becomes the member who redeems",
    "redemptions.look": "so is the page behind a printed code",
    "landing.too_many": "whoever guesses is told to wait",
    "codes.shown_to": "says how much of a code a caller may read, in the words of a query",
    "codes.is_open_to": "the same, as a condition of a query",
}
"""Services that take a caller and refuse nobody, with the reason."""


@pytest.fixture
def kind() -> str:
    """Use one kind: authority is decided before any database is asked."""
    return "sqlite"


@pytest.fixture
def cookies(database: object) -> Iterator[dict[str, str]]:
    """Sign everybody in, and return the cookie that the framework sees of each."""
    guard._trusted.clear()
    member = doors.change(builders.member)
    found = {name: sign_in(caller.account_id or 0) for name, caller in CALLERS.items() if caller.account_id}
    assert database
    yield {"stranger": "", "member": sign_in(member.account_id or 0)} | found
    guard._trusted.clear()


# --- Events. ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_every_handler_belongs_to_a_state_that_declares_a_permission(name: str) -> None:
    registered = HANDLERS[name]

    assert isinstance(needed(registered), Permission)
    assert registered.states[0].__name__ in MAY


def test_the_framework_has_no_events_that_we_do_not_know() -> None:
    theirs = {
        name for name, registered in HANDLERS.items() if not registered.states[0].__module__.startswith("loyalty_app")
    }

    assert theirs - set(SETVARS) == FRAMEWORK


@pytest.mark.parametrize("name", OURS)
def test_a_handler_runs_for_exactly_those_who_may(name: str, cookies: dict[str, str]) -> None:
    state = HANDLERS[name].states[0]
    ran: dict[str, list[Any]] = {}

    async def knock() -> None:
        async with tabs() as tab:
            for caller, cookie in cookies.items():
                tab.renew()
                with spied(name) as calls:
                    ran[caller] = (await tab.send(name, cookie)).events
                if calls:
                    ran[caller] = ["ran"]

    asyncio.run(knock())
    assert {caller for caller, what in ran.items() if what == ["ran"]} == MAY[state.__name__]
    for caller, events in ran.items():
        if caller not in MAY[state.__name__]:
            assert [where(event) for event in events] == ["/sign-in/" if caller == "stranger" else "/not-allowed/"], (
                caller
            )


@pytest.mark.parametrize("name", SETVARS)
def test_nobody_sets_a_variable_from_outside(name: str, cookies: dict[str, str]) -> None:
    state = HANDLERS[name].states[0]

    async def knock() -> None:
        async with tabs() as tab:
            for cookie in (cookies["admin"], cookies["stranger"]):
                tab.renew()
                for var in state.get_fields():
                    said = await tab.send(name, cookie, {"var_name": var, "value": "stolen"})
                    assert [where(event) for event in said.events] in (["/sign-in/"], ["/not-allowed/"])
                    assert "stolen" not in repr(said)

    asyncio.run(knock())


def test_a_state_that_declares_nothing_is_closed_to_everybody(cookies: dict[str, str]) -> None:
    registry = RegistrationContext.get()
    before = set(registry.event_handlers)

    class ForgottenState(rx.State):
        @rx.event
        async def leak(self) -> None:
            """Do what nobody thought of."""

    (name,) = [new for new in set(registry.event_handlers) - before if new.endswith(".leak")]

    async def knock() -> None:
        async with tabs() as tab:
            for caller, cookie in cookies.items():
                tab.renew()
                with spied(name) as calls:
                    said = await tab.send(name, cookie)
                assert calls == [], caller
                assert [where(event) for event in said.events] == [
                    "/sign-in/" if caller == "stranger" else "/not-allowed/"
                ]

    try:
        asyncio.run(knock())
    finally:
        for new in set(registry.event_handlers) - before:
            del registry.event_handlers[new]
        registry.base_state_substates[State.get_full_name()].discard(ForgottenState)
        registry.base_states.pop(ForgottenState.get_full_name(), None)


def test_the_tab_of_one_person_shows_nothing_to_the_next(cookies: dict[str, str]) -> None:
    code = doors.change(a_voucher_of_mia)

    async def knock() -> None:
        async with tabs() as tab:
            told = await tab.send(CardsState.get_full_name() + ".opened", cookies["member"])
            assert code in told.shown
            assert code in (mine := await tab.send(HYDRATE, cookies["member"])).shown
            assert cookies["member"].removeprefix("sh=") not in mine.shown

            other = await tab.send(HYDRATE, cookies["admin"])
            assert code not in other.shown
            assert "One coffee" not in other.shown
            assert await tab.var(CardsState, "cards") == []

    asyncio.run(knock())


@pytest.mark.parametrize("first", [HYDRATE, "public"])
def test_the_next_person_cannot_go_round_the_change_of_hands(cookies: dict[str, str], first: str) -> None:
    code = doors.change(a_voucher_of_mia)
    first = next(name for name in OURS if name.endswith("notice_state.dismiss")) if first == "public" else first

    async def knock() -> None:
        async with tabs() as tab:
            await tab.send(CardsState.get_full_name() + ".opened", cookies["member"])
            for cookie in (cookies["stranger"], cookies["admin"], "sh=" + "0" * 64):
                for name in (first, HYDRATE):
                    assert code not in (await tab.send(name, cookie)).shown

    asyncio.run(knock())


def test_an_ended_session_loses_its_open_tab(cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "TRUST_SECONDS", 0.0)
    batch = doors.change(builders.batch, now=times.now())
    cookie, opened = cookies["admin"], BatchesState.get_full_name() + ".opened"

    async def knock() -> None:
        async with tabs() as tab:
            assert batch.claim_token not in (await tab.send(opened, cookie)).shown
            assert "Summer" in (await tab.send(HYDRATE, cookie)).shown

            doors.change(accounts.close_session, cookie.removeprefix("sh="))
            with spied(opened) as calls:
                said = await tab.send(opened, cookie)
            assert calls == []
            assert [where(event) for event in said.events] == ["/sign-in/"]
            assert "Summer" not in said.shown
            assert "Summer" not in (await tab.send(HYDRATE, cookie)).shown
            assert await tab.var(BatchesState, "rows") == []

    asyncio.run(knock())


def test_what_the_guard_believes_of_a_session_gets_old_in_seconds() -> None:
    assert guarding.TRUST_SECONDS <= 2


def test_a_session_that_was_ended_is_not_believed_once_that_is_heard(cookies: dict[str, str]) -> None:
    cookie = cookies["viewer"]

    async def knock() -> None:
        async with tabs() as tab:
            await tab.send(HYDRATE, cookie)
            doors.change(accounts.close_session, cookie.removeprefix("sh="))
            guard.hear({account_topic(CALLERS["viewer"].account_id)})
            assert not (await guard.caller(cookie.removeprefix("sh="))).is_signed_in

    asyncio.run(knock())


# --- What stands in public vars. -------------------------------------------------------------------------------------


def test_every_public_var_was_looked_at() -> None:
    shown = {state.__name__: set(state.base_vars) | set(state.computed_vars) for state in our_states()}

    assert shown == PUBLIC_VARS


@pytest.mark.parametrize("state", sorted({registered.states[0] for registered in HANDLERS.values() if registered.states[0].__module__.startswith("loyalty_app")}, key=lambda state: state.__name__))  # fmt: skip  # noqa: E501
def test_a_public_var_holds_nothing_before_somebody_asks(state: type[State]) -> None:
    for name, var in state.get_fields().items():
        if not name.startswith("_") and name in state.base_vars:
            value = var.default_value()
            values = list(dataclasses.asdict(value).values()) if dataclasses.is_dataclass(value) else [value]
            assert all(one in HARMLESS for one in values), f"{state.__name__}.{name} starts as {value!r}"


def test_what_binds_a_tab_to_a_session_never_reaches_the_browser() -> None:
    assert [name for name in BoundState.get_fields() if name not in State.get_fields()] == ["_session_hash"]
    assert BoundState.base_vars == {}


# --- Routes. ---------------------------------------------------------------------------------------------------------


def test_every_route_is_known_and_declares_what_it_needs() -> None:
    routes = list(every_route(api.build(guard.caller).routes))

    declared_by = {
        (route.path, method): getattr(route.endpoint, "__permission__", None)
        for route in routes
        for method in route.methods
    }
    assert declared_by == dict.fromkeys(PUBLIC_ROUTES, Permission.PUBLIC) | PRIVATE_ROUTES


@pytest.mark.parametrize(("path", "method"), sorted(PUBLIC_ROUTES | PRIVATE_ROUTES.keys()))
def test_the_gate_is_asked_before_every_route(path: str, method: str) -> None:
    asked = []

    async def ask(session_hash: str) -> Actor:
        asked.append(session_hash)
        raise ForbiddenError

    async def knock() -> None:
        address = re.sub(r"{[^}]+}", lambda place: EXAMPLES.get(place[0], "1"), path)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(plain_routes(ask)), base_url="http://test"
        ) as client:
            assert (await client.request(method, address)).status_code == 403
        assert asked == [""]

    asyncio.run(knock())


def test_the_server_has_no_other_doors() -> None:
    assert {getattr(route, "path", "") for route in app._api.routes} == FRAMEWORK_ROUTES


def test_a_route_answers_exactly_those_who_may(cookies: dict[str, str], database: object) -> None:
    assert database

    async def knock() -> None:
        routes = api.build(guard.caller)
        for permission in Permission:
            routes.get(f"/only/{permission}")(declared(permission))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url="http://test") as client:
            for caller, who in CALLERS.items():
                may = who.permissions or account_rules.PERMISSIONS.get(
                    Role.MEMBER if caller == "member" else "", {Permission.PUBLIC}
                )
                headers = {"Cookie": f"{COOKIE}={SECRETS[cookies[caller]]}"} if cookies[caller] else {}
                for permission in Permission:
                    answer = await client.get(f"/only/{permission}", headers=headers)
                    expected = 200 if permission in may else 401 if caller == "stranger" else 403
                    assert answer.status_code == expected, (caller, permission)

    asyncio.run(knock())


def test_a_route_that_declares_nothing_answers_nobody(cookies: dict[str, str]) -> None:
    def forgotten() -> str:
        """Do what nobody thought of."""
        pytest.fail("it ran")

    async def knock() -> None:
        routes = api.build(guard.caller)
        routes.get("/forgotten")(forgotten)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url="http://test") as client:
            for caller, cookie in cookies.items():
                headers = {"Cookie": f"{COOKIE}={SECRETS[cookie]}"} if cookie else {}
                answer = await client.get("/forgotten", headers=headers)
                assert answer.status_code == (401 if caller == "stranger" else 403), caller
                assert answer.headers["content-type"] == "application/problem+json"

    asyncio.run(knock())


def test_a_forged_cookie_is_a_stranger(cookies: dict[str, str]) -> None:
    # The database's fingerprint of a session opens nothing by itself.
    stolen = cookies["admin"].removeprefix("sh=")

    async def knock() -> None:
        routes = api.build(guard.caller)
        routes.get("/only")(declared(Permission.VIEW_DASHBOARD))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(routes), base_url="http://test") as client:
            for value in (f"{COOKIE}={stolen}", f"sh={stolen}", f"{COOKIE}=", COOKIE, f'{COOKIE}="', "\0"):
                assert (await client.get("/only", headers={"Cookie": value})).status_code == 401, value

    asyncio.run(knock())


# --- Services. -------------------------------------------------------------------------------------------------------


def services() -> list[tuple[str, FunctionType]]:
    """Return every service that asks who calls."""
    found = []
    for module in pkgutil.iter_modules(loyalty_app.__path__):
        if module.ispkg and importlib.util.find_spec(f"loyalty_app.{module.name}.service"):
            service = importlib.import_module(f"loyalty_app.{module.name}.service")
            found += [
                (f"{module.name}.{name}", function)
                for name, function in vars(service).items()
                if isinstance(function, FunctionType) and function.__module__ == service.__name__
                if not name.startswith("_") and "by" in inspect.signature(function).parameters
            ]
    return sorted(found)


@pytest.mark.parametrize(("name", "service"), services())
def test_a_service_asks_first_whether_the_caller_may(name: str, service: Callable[..., object]) -> None:
    if name in WITHOUT_MUST:
        return
    # Nothing but the caller is real: whoever looks at anything else first fails in another way.
    others = [
        key for key, one in inspect.signature(service).parameters.items() if key != "by" and one.default is one.empty
    ]
    with pytest.raises(ForbiddenError):
        service(by=STRANGER, **dict.fromkeys(others))


def test_redeeming_asks_every_caller_in_the_group(database: object) -> None:
    assert database
    from loyalty_app.redemptions import service as redemptions  # noqa: PLC0415

    asks = [redemptions.Ask("ABCD2345", builders.CASHIER), redemptions.Ask("ABCD2345", STRANGER)]
    with pytest.raises(ForbiddenError):
        doors.change(redemptions.redeem_many, asks, now=times.now())


# --- Helpers, in the order of their use. -----------------------------------------------------------------------------

SECRETS: dict[str, str] = {}
"""The secret behind each cookie that the framework sees."""


def sign_in(account_id: int) -> str:
    opened = doors.change(
        lambda session: accounts.open_session(session, session.get(Account, account_id), now=times.now())
    )
    cookie = "sh=" + accounts.secrets.fingerprint(opened.secret)
    SECRETS[cookie] = opened.secret
    return cookie


@dataclasses.dataclass
class Said:
    """What came back to the browser for one event."""

    events: list[Event]
    deltas: list[Any]

    @property
    def shown(self) -> str:
        """Return everything that reached the browser, as text."""
        return json_dumps(self.deltas)


@dataclasses.dataclass
class Tab:
    """One open tab: events go through the real processor, the guard in front."""

    token: str
    events: list[Event]
    deltas: list[Any]

    def renew(self) -> None:
        """Be another tab, one that nobody has used."""
        self.token = str(uuid.uuid4())

    async def send(self, name: str, cookie: str, payload: dict[str, Any] | None = None) -> Said:
        """Send an event as a browser with that cookie."""
        self.events.clear()
        self.deltas.clear()
        headers = {"cookie": cookie} if cookie else {}
        routed = {"pathname": "/", "query": {}, "headers": headers, "token": self.token, "sid": "s", "ip": "192.0.2.1"}
        future = await app.event_processor.enqueue(
            self.token, Event(name=name, payload=payload or {}, router_data=routed)
        )
        await future.wait_all()
        return Said(list(self.events), list(self.deltas))

    async def var(self, state: type[State], name: str) -> Any:
        """Return what the server keeps of this tab."""
        root = await app.state_manager.get_state(rx.BaseStateToken(ident=self.token, cls=State))
        return getattr(await root.get_state(state), name)


@asynccontextmanager
async def tabs() -> AsyncIterator[Tab]:
    tab = Tab(str(uuid.uuid4()), [], [])

    async def emit_event(_token: str, *events: Event) -> None:
        tab.events.extend(events)

    async def emit_delta(_token: str, delta: Any) -> None:
        tab.deltas.append(delta)

    async with app._setup_event_processor():
        context = app.event_processor._root_context
        object.__setattr__(context, "emit_event_impl", emit_event)
        object.__setattr__(context, "emit_delta_impl", emit_delta)
        yield tab


@contextmanager
def spied(name: str) -> Iterator[list[Any]]:
    """Put a spy in the place of a handler."""
    handlers, calls = RegistrationContext.get().event_handlers, []
    registered = handlers[name]

    async def spy(*what: Any, **more: Any) -> None:
        calls.append((what, more))

    handlers[name] = dataclasses.replace(registered, handler=dataclasses.replace(registered.handler, fn=spy))
    try:
        yield calls
    finally:
        handlers[name] = registered


def where(event: Event) -> str:
    """Return the page that an event sends the browser to, without what it should remember."""
    assert event.name == "_redirect", event
    return str(event.payload["path"]).partition("?")[0]


def a_voucher_of_mia(session: Session) -> str:
    from loyalty_app.codes import alphabet  # noqa: PLC0415

    now = times.now()
    return alphabet.display(builders.claimed(session, builders.batch(session, now=now), now=now))


def our_states() -> list[type[BaseState]]:
    return [state for state in every_state(State) if state.__module__.startswith("loyalty_app")]


def every_state(state: type[BaseState]) -> Iterator[type[BaseState]]:
    for child in state.get_substates():
        yield child
        yield from every_state(child)


def declared(permission: Permission) -> Callable[[], Coroutine[Any, Any, str]]:
    @api.allow(permission)
    async def endpoint() -> str:
        return "ran"

    return endpoint
