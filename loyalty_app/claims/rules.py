"""When a batch may be claimed from, and how long a claimed voucher is good."""

from collections.abc import Callable
from datetime import datetime, timedelta

from loyalty_app.batches.models import Batch, BatchKind, BatchStatus
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core import times
from loyalty_app.core.languages import Sentence
from loyalty_app.core.reasons import Reason

KEPT = ("ready", "disabled")
"""The states of cards that are neither used nor over, the ones to use first."""


def refusal(batch: Batch, now: datetime) -> Reason | None:
    """Return the first reason why nobody can claim now, or None."""
    return next((reason for reason, fails in CHECKS if fails(batch, now)), None)


def has_free(batch: Batch) -> bool:
    """Return whether a voucher that is made is neither claimed nor disabled."""
    return batch.claimed + batch.withheld < batch.made


def nothing_free(batch: Batch) -> Reason:
    """Return why there is no voucher to give: all gone, or not made yet."""
    return Reason.SOLD_OUT if batch.made == batch.total else Reason.NOT_READY


def expires_at(batch: Batch, now: datetime, time_zone: str) -> datetime:
    """Return when a voucher claimed now stops being good: so many whole days, but never after the batch."""
    if batch.valid_days is None:
        return batch.closes_at
    last_day = times.local_day(now, time_zone) + timedelta(days=batch.valid_days)
    return min(times.end_of_day(last_day, time_zone), batch.closes_at)


def voucher_state(status: CodeStatus, expires_at: datetime, now: datetime, *, is_disabled: bool = False) -> str:
    """Return what a card says: disabled, redeemed, expired or ready."""
    if status is CodeStatus.REDEEMED:
        return "redeemed"
    if is_disabled:
        return "disabled"
    return "expired" if now >= expires_at else "ready"


def hold(state: str, *, is_frozen: bool) -> str:
    """Return why a card cannot be redeemed now, without blame; nothing where it can, or where it is over."""
    if state == "disabled":
        return Sentence("This voucher cannot be redeemed. Ask in the shop.")
    if state == "ready" and is_frozen:
        return Sentence("It cannot be redeemed for the moment. It stays valid; try again later.")
    return ""


def told(reason: Reason) -> Reason:
    """Return the reason that a member is told: all that smells of guessing sounds the same."""
    return Reason.UNKNOWN_CODE if reason in _SECRETS else reason


_SECRETS = {Reason.MALFORMED, Reason.DISABLED, Reason.NOT_HOLDER}


def _is_scan(batch: Batch, _: datetime) -> bool:
    return batch.kind is BatchKind.SCAN  # whoever has a scan code redeems it; nobody claims it for later


def _is_paused(batch: Batch, _: datetime) -> bool:
    return batch.status is BatchStatus.PAUSED


def _is_stuck(batch: Batch, _: datetime) -> bool:
    return batch.status is BatchStatus.FAILED and not has_free(batch)


def _is_over(batch: Batch, now: datetime) -> bool:
    return now >= batch.closes_at


CHECKS: tuple[tuple[Reason, Callable[[Batch, datetime], bool]], ...] = (
    (Reason.WRONG_KIND, _is_scan),
    (Reason.BATCH_PAUSED, _is_paused),
    (Reason.NOT_READY, _is_stuck),
    (Reason.EXPIRED, _is_over),
)
"""What may stand against a claim whoever it is by, in the order in which it counts."""
