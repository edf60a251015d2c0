"""Why the business says no: one closed list for rows, screens and programs (docs/reference.md)."""

from enum import StrEnum


class Reason(StrEnum):
    """The first check that failed."""

    RATE_LIMITED = "rate_limited"
    MALFORMED = "malformed"
    TAMPERED = "tampered"
    KEY_RETIRED = "key_retired"
    UNKNOWN_CODE = "unknown_code"
    WRONG_KIND = "wrong_kind"
    NOT_READY = "not_ready"
    DISABLED = "disabled"
    ALREADY_REDEEMED = "already_redeemed"
    BATCH_PAUSED = "batch_paused"
    REDEMPTION_FROZEN = "redemption_frozen"
    EXPIRED = "expired"
    LOGIN_REQUIRED = "login_required"
    NOT_CLAIMED = "not_claimed"
    NOT_HOLDER = "not_holder"
    ALREADY_CLAIMED = "already_claimed"
    SOLD_OUT = "sold_out"
    MIN_PURCHASE = "min_purchase"
    CONFLICT_OFFLINE = "conflict_offline"
    NONCE_REUSED = "nonce_reused"
    REVERSAL_DENIED = "reversal_denied"
    ALREADY_REVERSED = "already_reversed"


STATUS: dict[Reason, int] = {
    Reason.RATE_LIMITED: 429,
    Reason.MALFORMED: 400,
    Reason.TAMPERED: 400,
    Reason.KEY_RETIRED: 410,
    Reason.UNKNOWN_CODE: 404,
    Reason.WRONG_KIND: 422,
    Reason.NOT_READY: 409,
    Reason.DISABLED: 403,
    Reason.ALREADY_REDEEMED: 409,
    Reason.BATCH_PAUSED: 423,
    Reason.REDEMPTION_FROZEN: 423,
    Reason.EXPIRED: 422,
    Reason.LOGIN_REQUIRED: 401,
    Reason.NOT_CLAIMED: 422,
    Reason.NOT_HOLDER: 403,
    Reason.ALREADY_CLAIMED: 409,
    Reason.SOLD_OUT: 409,
    Reason.MIN_PURCHASE: 422,
    Reason.CONFLICT_OFFLINE: 409,
    Reason.NONCE_REUSED: 422,
    Reason.REVERSAL_DENIED: 403,
    Reason.ALREADY_REVERSED: 409,
}
"""The HTTP status with which a program is told each reason."""
