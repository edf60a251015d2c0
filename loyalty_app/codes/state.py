"""The vouchers of one batch, a page at a time."""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import CodeStatus, Standing
from loyalty_app.codes.service import Listed, Wish
from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.addresses import address, number
from loyalty_app.core.database import read
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.texts import storable
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.ui.live import hub

MOST_TYPED = 80

CLAIM_WORDS = {CodeStatus.ACTIVE: "Unclaimed", CodeStatus.CLAIMED: "Claimed", CodeStatus.REDEEMED: "Claimed"}
REDEMPTION_WORDS = {CodeStatus.REDEEMED: "Redeemed"}


@dataclass(frozen=True)
class VoucherRow:
    """A voucher as its row shows it (S3-6)."""

    serial: int
    code: str
    claim: str
    member: str
    redemption: str
    disabled: bool


class VouchersState(rx.State):
    """One page of a batch's vouchers; search, filter and place are kept in the address."""

    permission: ClassVar[Permission] = Permission.VIEW_DASHBOARD

    name: rx.Field[str] = rx.field("")
    rows: rx.Field[list[VoucherRow]] = rx.field(default_factory=list)
    text: rx.Field[str] = rx.field("")
    status: rx.Field[str] = rx.field("")
    first_page: rx.Field[str] = rx.field("")
    next_page: rx.Field[str] = rx.field("")
    file: rx.Field[str] = rx.field("")
    sees_members: rx.Field[bool] = rx.field(default=False)
    is_missing: rx.Field[bool] = rx.field(default=False)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    _is_scan: bool = False
    _batch_id: int = 0
    _after: int = 0

    @rx.event
    async def opened(self) -> rx.event.EventSpec | None:
        """Show the page that the address asks for, and keep it fresh; a scan batch has a page of its own."""
        asked = self.router.url.query_parameters
        self.text = storable(asked.get("q", ""))[:MOST_TYPED]
        self.status = asked.get("status", "") if asked.get("status", "") in set(Standing) else ""
        self._after = number(asked.get("after", ""))
        self._batch_id = number(self.router.url.path.rstrip("/").split("/")[-2])
        hub.subscribe(self, VouchersState.refresh, batches.TOPIC)
        await self._show()
        return rx.redirect(f"/admin/batches/scan/{self._batch_id}") if self._is_scan else None

    @rx.event
    async def refresh(self) -> None:
        """Show it again after something changed."""
        await self._show()

    @rx.event
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the address of this search."""
        return rx.redirect(self._address(str(form.get("q") or ""), str(form.get("status") or "")))

    async def _show(self) -> None:
        wish = Wish(self.text, Standing(self.status) if self.status else None)
        try:
            program, batch, found = await read(_page, self._batch_id, wish, self._after)
        except NotFoundError:
            self.is_missing, self.is_loaded = True, True
            return
        rows, more = found[: codes.PAGE], found[codes.PAGE :]
        self._is_scan = batch.kind is BatchKind.SCAN
        self.name, self.sees_members = batch.name, actor().may(Permission.VIEW_MEMBERS)
        self.rows = [_row(one, batch, program) for one in rows]
        self.first_page = self._address(self.text, self.status) if self._after else ""
        self.next_page = self._address(self.text, self.status, rows[-1].serial) if more else ""
        query = urlencode({"q": self.text, "status": self.status})
        self.file = f"/api/v1/batches/{self._batch_id}/codes.csv?{query}"
        self.is_missing, self.is_loaded = False, True

    def _address(self, text: str, status: str, after: int = 0) -> str:
        status = status if status in set(Standing) else ""
        asked = {"q": storable(text).strip()[:MOST_TYPED], "status": status, "after": after}
        return address(f"/admin/batches/{self._batch_id}/vouchers", asked)


def _page(session: Session, batch_id: int, wish: Wish, after: int) -> tuple[Program, Batch, list[Listed]]:
    batch = batches.watched(session, batch_id, by=actor())
    found = codes.listed(session, batch_id, wish, after=after, limit=codes.PAGE + 1, by=actor())
    return programs.current(session), batch, found


def _row(one: Listed, batch: Batch, program: Program) -> VoucherRow:
    def since(words: str, instant: Any) -> str:
        return f"{words} {times.say_instant(instant, program.time_zone, program.locale)}" if instant else words

    return VoucherRow(
        serial=one.serial,
        code=alphabet.display(one.code, batch.prefix),
        claim=since(CLAIM_WORDS[one.status], one.claimed_at),
        member=one.member or "—",
        redemption=since(REDEMPTION_WORDS.get(one.status, "Not redeemed"), one.redeemed_at),
        disabled=one.standing is Standing.DISABLED,
    )
