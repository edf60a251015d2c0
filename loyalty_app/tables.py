"""Every table in one list: what Alembic migrates."""

from sqlmodel import SQLModel

from loyalty_app.accounts.models import Account, AccountSession, SetupLink, Throttle
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch, BatchTombstone
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code
from loyalty_app.core.live import Topic
from loyalty_app.jobs.models import Job
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Offer
from loyalty_app.program.models import Program
from loyalty_app.redemptions.models import Attempt, Redemption

TABLES = (
    Program,
    Account,
    AccountSession,
    Throttle,
    SetupLink,
    AuditEntry,
    Member,
    Offer,
    Batch,
    BatchTombstone,
    Code,
    ClaimAttempt,
    Redemption,
    Attempt,
    Job,
    Topic,
)

metadata = SQLModel.metadata
