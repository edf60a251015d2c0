"""READ FIRST: every screen with its route, the plain routes, and what runs beside them: the sitemap."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import reflex as rx
from starlette.types import ASGIApp

from loyalty_app import api, worker
from loyalty_app.accounts import page as accounts
from loyalty_app.accounts import service as account_service
from loyalty_app.accounts.state import AccountState, EntranceState, PeopleState, ResetState, ShellState, VerifyState
from loyalty_app.apikeys import page as apikeys
from loyalty_app.apikeys.state import ApiKeysState
from loyalty_app.auditlog import page as auditlog
from loyalty_app.auditlog.state import AuditState
from loyalty_app.batches import page as batches
from loyalty_app.batches.state import BatchesState, EditBatchState, NewBatchState
from loyalty_app.claims import page as claims
from loyalty_app.claims.state import CardsState, ClaimState
from loyalty_app.codes import page as codes
from loyalty_app.codes.state import VouchersState
from loyalty_app.core import logs, times
from loyalty_app.core.actor import Actor
from loyalty_app.core.config import settings
from loyalty_app.core.database import read
from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.counter import page as counter
from loyalty_app.counter.state import ScanState
from loyalty_app.dashboard import page as dashboard
from loyalty_app.dashboard.state import OverviewState, VisitsState
from loyalty_app.directory import page as directory
from loyalty_app.directory.state import ActiveState, MembersState, MemberState
from loyalty_app.exports import page as exports
from loyalty_app.exports.state import DownloadsState
from loyalty_app.insights import page as insights
from loyalty_app.insights.state import BatchState
from loyalty_app.keyring import page as keyring
from loyalty_app.keyring.state import KeyRingState
from loyalty_app.landing import page as landing
from loyalty_app.landing.state import LandingState
from loyalty_app.members import page as members
from loyalty_app.offers import page as offers
from loyalty_app.offers.state import OffersState, OfferState
from loyalty_app.places import page as places
from loyalty_app.places.state import LocationsState
from loyalty_app.points import page as points
from loyalty_app.points.state import PointsState
from loyalty_app.program import page as program
from loyalty_app.program.state import ProfileState
from loyalty_app.redemptiondesk import page as redemptiondesk
from loyalty_app.redemptiondesk.state import RedemptionsState
from loyalty_app.scanbatches import page as scanbatches
from loyalty_app.scanbatches.state import ScanBatchesState, ScanBatchState
from loyalty_app.scanforms import page as scanforms
from loyalty_app.scanforms.state import ScanFormState
from loyalty_app.support import page as support
from loyalty_app.support.state import WhyState
from loyalty_app.tills import page as tills
from loyalty_app.tills.state import EnrolState, TillState
from loyalty_app.ui import errors, layout
from loyalty_app.ui.guard import Guard
from loyalty_app.ui.live import hub
from loyalty_app.ui.shield import Shield, content_security_policy
from loyalty_app.ui.watch import Watch, templates

logs.set_up()

SIGNS = layout.Signs(
    program=ShellState.program_name,
    logo=ShellState.logo,
    theme=ShellState.theme,
    person=ShellState.name,
    home=ShellState.home,
    is_signed_in=ShellState.is_signed_in,
    is_member=ShellState.is_member,
    may_view_members=ShellState.may_view_members,
    may_view_dashboard=ShellState.may_view_dashboard,
    may_view_redemptions=ShellState.may_view_redemptions,
    may_scan=ShellState.may_scan,
    may_manage=ShellState.may_manage,
    settings=ShellState.settings,
)


async def who(session_hashes: set[str]) -> dict[str, Actor]:
    """Return whose session each hash is; of those that are nobody's, nothing."""
    return await read(account_service.actors_of, session_hashes, now=times.now())


def public(
    route: str, page: Callable[[Language], rx.Component], title: str, *opened: rx.event.IndividualEventType[()]
) -> None:
    """Put up a page for everybody, once for each language."""
    for words in LANGUAGES:
        framed = layout.public(page(words), SIGNS, words, route)
        own = _of_its_module(page, framed)
        app.add_page(own, route=words.at(route), title=words(title), on_load=[ShellState.opened, *opened])


def desk(route: str, page: Callable[[], rx.Component], title: str, *opened: rx.event.IndividualEventType[()]) -> None:
    """Put up a page for work."""
    own = _of_its_module(page, layout.desk(page(), SIGNS, route))
    app.add_page(own, route=route, title=title, on_load=[ShellState.opened, *opened])


def counter_page(
    route: str, page: Callable[[], rx.Component], title: str, *opened: rx.event.IndividualEventType[()]
) -> None:
    """Put up a page that fills the screen of a tablet."""
    content = rx.fragment(layout.WorkStyles.create(), page())
    app.add_page(content, route=route, title=title, on_load=[ShellState.opened, *opened])


def _of_its_module(page: Callable[..., rx.Component], content: rx.Component) -> Callable[[], rx.Component]:
    # The framework puts all parts that one module brings into one script; a phone shall not load those of the desk.
    def own() -> rx.Component:
        return content

    own.__module__ = page.__module__
    return own


def shielded(inner: ASGIApp) -> ASGIApp:
    """Put the outermost layer around everything."""
    return Shield(inner, content_security_policy(_built_pages()), _proxies(), settings().origin)


def watched(inner: ASGIApp) -> ASGIApp:
    """Give a number to what comes in, time and log it, before anything else."""
    return Watch(inner, templates(list(app._unevaluated_pages)), _proxies())  # noqa: SLF001 - the sitemap below


guard = Guard(who)
hub.heard_first = guard.hear
app = rx.App(
    api_transformer=[
        api.build(guard.caller),
        shielded,
        watched,
    ],
    stylesheets=["/css/tokens.css", "/css/base.css", "/css/public.css"],
    app_wraps={},
    toaster=None,
    html_lang="en",
    backend_exception_handler=errors.explain,
)
app.add_middleware(guard)

public("/", members.home_page, "Home")
public("/sign-in", accounts.sign_in_page, "Sign in", EntranceState.opened)
public("/sign-up", accounts.sign_up_page, "Become a member", EntranceState.opened)
public("/verify", accounts.verify_page, "Enter the code", VerifyState.opened)
public("/forgot-password", accounts.forgot_password_page, "Forgot your password?", ResetState.forgot_opened)
public("/reset-password", accounts.reset_password_page, "Choose a new password", ResetState.reset_opened)
public("/account", accounts.account_page, "My account", AccountState.opened)
public("/setup", accounts.setup_page, "Set up", EntranceState.setup_opened)
public("/not-allowed", accounts.not_allowed_page, "Not allowed")
public("/claim/[token]", claims.claim_page, "Claim a voucher", ClaimState.opened)
public("/redeem", landing.landing_page, "Collect points", LandingState.opened)
public("/my/cards", claims.cards_page, "My cards", CardsState.opened)
public("/my/points", points.points_page, "My points", PointsState.opened)
NOT_FOUND = layout.public(accounts.not_found_page(), SIGNS, ENGLISH, "/")
app.add_page(NOT_FOUND, route="/404", title="Not found", on_load=[ShellState.opened])
desk("/admin", dashboard.overview_page, "Overview", OverviewState.opened, VisitsState.opened)
desk("/admin/batches", batches.batches_page, "Batches", BatchesState.opened)
desk("/admin/batches/new", batches.new_batch_page, "New batch", NewBatchState.opened)
desk("/admin/batches/scan/new", scanforms.new_scan_batch_page, "Create Batch", ScanFormState.opened)
desk("/admin/batches/scan", scanbatches.scan_batches_page, "Batch Management", ScanBatchesState.opened)
desk("/admin/batches/scan/[batch_id]", scanbatches.scan_batch_page, "Batch of QR codes", ScanBatchState.opened)
desk("/admin/batches/[batch_id]", insights.batch_page, "Batch", BatchState.opened)
desk("/admin/batches/scan/[batch_id]/downloads", exports.downloads_page, "Downloads", DownloadsState.opened)
desk("/admin/batches/[batch_id]/edit", batches.edit_batch_page, "Name and channel", EditBatchState.opened)
desk("/admin/batches/[batch_id]/vouchers", codes.vouchers_page, "Vouchers", VouchersState.opened)
desk("/admin/members", directory.members_page, "Members", MembersState.opened, ActiveState.opened)
desk("/admin/members/[member_id]", directory.member_page, "Member", MemberState.opened)
desk("/admin/offers", offers.offers_page, "Offers", OffersState.opened)
desk("/admin/offers/new", offers.new_offer_page, "New offer", OfferState.opened)
desk("/admin/offers/[offer_id]", offers.offer_page, "Offer", OfferState.opened)
desk("/admin/redemptions", redemptiondesk.redemptions_page, "Redemptions", RedemptionsState.opened)
desk("/admin/redemptions/why", support.why_page, "Why?", WhyState.opened)
desk("/admin/settings", program.profile_page, "Business profile", ProfileState.opened)
desk("/admin/settings/api-keys", apikeys.api_keys_page, "API keys", ApiKeysState.opened)
desk("/admin/settings/keys", keyring.keys_page, "Sealing keys", KeyRingState.opened)
desk("/admin/settings/locations", places.locations_page, "Locations", LocationsState.opened)
desk("/admin/settings/audit-log", auditlog.audit_page, "Audit log", AuditState.opened)
desk("/admin/people", accounts.people_page, "People", PeopleState.opened)
counter_page("/scan", counter.scan_page, "Scan", ScanState.opened, TillState.opened)
counter_page("/scan/unlock", tills.unlock_page, "Unlock")
counter_page("/scan/enrol", tills.enrol_page, "Enrol this tablet", EnrolState.opened)


@contextlib.asynccontextmanager
async def live_updates() -> AsyncIterator[None]:
    """Listen for changes for as long as the server runs."""
    listening = asyncio.create_task(hub.run(app))
    # What is loaded by now stays: without this each search for garbage walks through it, a fifth of a second at a time.
    gc.collect()
    gc.freeze()
    yield
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


app.register_lifespan_task(live_updates)
worker.tell_the_queue()


def _built_pages() -> list[Path]:
    web = Path(os.environ.get("REFLEX_WEB_WORKDIR", ".web"))
    return sorted((web / "build" / "client").rglob("*.html"))


def _proxies() -> frozenset[str]:
    return frozenset(address.strip() for address in settings().trusted_proxies.split(",") if address.strip())
