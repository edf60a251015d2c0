"""Every page there is, without loading the program; tests/house/test_routes.py compares it with the program's own."""

DESK = (
    "admin",
    "admin/batches",
    "admin/batches/[batch_id]",
    "admin/batches/[batch_id]/edit",
    "admin/batches/[batch_id]/vouchers",
    "admin/batches/new",
    "admin/batches/scan",
    "admin/batches/scan/[batch_id]",
    "admin/batches/scan/[batch_id]/downloads",
    "admin/batches/scan/new",
    "admin/members",
    "admin/members/[member_id]",
    "admin/offers",
    "admin/offers/[offer_id]",
    "admin/offers/new",
    "admin/people",
    "admin/redemptions",
    "admin/redemptions/why",
    "admin/settings",
    "admin/settings/api-keys",
    "admin/settings/audit-log",
    "admin/settings/keys",
    "admin/settings/locations",
    "scan",
    "scan/enrol",
    "scan/unlock",
)
PUBLIC = (
    "account",
    "forgot-password",
    "my/cards",
    "my/points",
    "not-allowed",
    "redeem",
    "reset-password",
    "setup",
    "sign-in",
    "sign-up",
    "verify",
)
CLAIM = "claim/[token]"
ROUTES = (
    *("404", "index", *DESK),
    *(*PUBLIC, f"en-us/{CLAIM}"),
    *(f"{path}/{page}".rstrip("/") for path in ("ar", "de-de") for page in ("", *PUBLIC, CLAIM)),
)
