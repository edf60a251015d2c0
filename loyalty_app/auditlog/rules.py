"""How an entry of the trail reads."""

import re

from loyalty_app.audit.models import AuditEntry

PAST = {
    "create": "made",
    "delete": "deleted",
    "change": "changed",
    "update": "changed",
    "rename": "renamed",
    "pause": "paused",
    "resume": "resumed",
    "freeze": "froze redemptions of",
    "unfreeze": "allowed redemptions of",
    "go_on": "went on making vouchers of",
    "clone": "copied",
    "upload": "uploaded",
    "end_sessions": "signed out everywhere:",
    "disable": "disabled",
    "enable": "enabled",
    "disable_code": "disabled codes of",
    "enable_code": "enabled codes of",
    "switch_off": "switched off",
    "switch_on": "switched on",
    "change_role": "changed the role of",
    "change_password": "changed the password of",
    "reset_password": "chose a new password for",
    "reverse": "reversed",
    "accept_late": "accepted, after its end, by a tablet's clock:",
    "look_into": "looked into",
    "adjust": "adjusted the points of",
    "erase": "erased",
    "export": "took away the data of",
    "revoke": "revoked",
    "claim_for": "claimed for a member from",
    "restore": "restored",
    "settle": "put aside",
    "refuse_pins": "refused wrong PINs on",
}
"""The verbs of the trail as the past tense; another one is written as it is."""

KINDS = ("batch", "offer", "account", "program", "picture", "code", "redemption", "member", "api_key")
"""What is changed, by the first word of an entry's subject."""

PLACES = {
    "batch": "/admin/batches/",
    "offer": "/admin/offers/",
    "member": "/admin/members/",
    "redemption": "/admin/redemptions/?redemption=",
}
"""Where things of a kind are looked at."""

SUBJECT = re.compile(r"([a-z_]+) (\d+)")


def sentence(entry: AuditEntry) -> str:
    """Return what was done to what: "paused batch 12"."""
    return f"{PAST.get(entry.verb, entry.verb.replace('_', ' '))} {entry.subject}"


def address(subject: str) -> str:
    """Return where the thing is looked at, or nothing if there is no such place."""
    match = SUBJECT.fullmatch(subject)
    return f"{PLACES[match[1]]}{match[2]}" if match and match[1] in PLACES else ""
