"""Why the business says no: one closed list for rows, screens and programs (docs/reference.md)."""

from enum import StrEnum


class Reason(StrEnum):
    """The first check that failed."""

    RATE_LIMITED = "rate_limited"
    MALFORMED = "malformed"
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
    NONCE_REUSED = "nonce_reused"
    REVERSAL_DENIED = "reversal_denied"
    ALREADY_REVERSED = "already_reversed"
