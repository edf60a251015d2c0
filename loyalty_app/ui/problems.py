"""How a program is told that something did not work (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi.responses import Response

from loyalty_app.core.reasons import STATUS, Reason

MEDIA_TYPE = "application/problem+json"

SENTENCES: dict[Reason, str] = {
    Reason.RATE_LIMITED: "Too many requests. Wait, and try again.",
    Reason.MALFORMED: "Nothing that is issued here looks like this.",
    Reason.TAMPERED: "This code was changed on its way, or was never issued here.",
    Reason.KEY_RETIRED: "This code was sealed with a key that is not used any more.",
    Reason.UNKNOWN_CODE: "No voucher has this code.",
    Reason.WRONG_KIND: "This is a link, not a voucher.",
    Reason.NOT_READY: "The vouchers are still being made. Try again in a moment.",
    Reason.DISABLED: "This voucher is switched off.",
    Reason.ALREADY_REDEEMED: "This voucher was used before.",
    Reason.BATCH_PAUSED: "This batch is paused.",
    Reason.REDEMPTION_FROZEN: "This batch takes no redemptions for now.",
    Reason.EXPIRED: "This voucher, or its whole batch, is past its end.",
    Reason.LOGIN_REQUIRED: "Say which member it is for; or sign in, or send an API key: `Authorization: Bearer loy_…`.",
    Reason.NOT_CLAIMED: "No member has claimed this voucher.",
    Reason.NOT_HOLDER: "This voucher belongs to another member.",
    Reason.ALREADY_CLAIMED: "This member has a voucher of this batch already.",
    Reason.SOLD_OUT: "No vouchers available.",
    Reason.MIN_PURCHASE: "The purchase is below the offer's minimum.",
    Reason.CONFLICT_OFFLINE: "Somebody redeemed this voucher before the device that scanned it was connected again.",
    Reason.NONCE_REUSED: "This number named another request before. Use a new one.",
    Reason.REVERSAL_DENIED: "This redemption cannot be undone.",
    Reason.ALREADY_REVERSED: "This redemption was undone before.",
}
"""What a program's log shows of each reason; screens have words of their own."""


@dataclass(frozen=True)
class Problem:
    """One answer that says no, and why."""

    status: int
    code: str
    detail: str
    more: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the body as JSON."""
        return json.dumps(
            {
                "type": f"urn:loyalty:problem:{self.code}",
                "title": self.code.replace("_", " ").capitalize(),
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                **self.more,
            },
            ensure_ascii=False,
        )

    def response(self) -> Response:
        """Return the whole answer."""
        return Response(
            self.text, self.status, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store", **self.headers}
        )


class ProblemError(Exception):
    """Ends a request with a problem, wherever it stands."""

    def __init__(self, problem: Problem) -> None:
        """Take the answer."""
        super().__init__(problem.detail)
        self.problem = problem


def refused(reason: Reason, **more: object) -> Problem:
    """Return the problem of an expected "no"."""
    return Problem(STATUS[reason], reason, SENTENCES[reason], more)


def too_many(retry_after: int) -> Problem:
    """Return the problem of somebody who has to wait."""
    return Problem(
        STATUS[Reason.RATE_LIMITED],
        Reason.RATE_LIMITED,
        SENTENCES[Reason.RATE_LIMITED],
        {"retryAfter": retry_after},
        {"Retry-After": str(retry_after)},
    )
