"""Why the business says no: one closed list for rows, screens and programs (docs/reference.md)."""

from enum import StrEnum


class Reason(StrEnum):
    """The first check that failed."""

    RATE_LIMITED = "rate_limited"
    MALFORMED = "malformed"
    UNKNOWN_CODE = "unknown_code"
    WRONG_KIND = "wrong_kind"
    NOT_READY = "not_ready"
    ALREADY_REDEEMED = "already_redeemed"
    BATCH_PAUSED = "batch_paused"
    EXPIRED = "expired"
    LOGIN_REQUIRED = "login_required"
    NOT_CLAIMED = "not_claimed"
    ALREADY_CLAIMED = "already_claimed"
    SOLD_OUT = "sold_out"
    NONCE_REUSED = "nonce_reused"
