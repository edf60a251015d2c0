"""Every table in one list: what Alembic migrates."""

from sqlmodel import SQLModel

from loyalty_app.accounts.models import Account, AccountSession, PasswordReset, SetupLink, SignUp, Throttle
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch, BatchActivity, BatchTombstone
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code
from loyalty_app.core.answered import Answered
from loyalty_app.core.live import Topic
from loyalty_app.exports.models import Export
from loyalty_app.jobs.models import Job
from loyalty_app.keys.models import TokenKey
from loyalty_app.mail.models import Mail
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Offer
from loyalty_app.pictures.models import Picture
from loyalty_app.places.models import Device, Place
from loyalty_app.points.models import PointsEntry
from loyalty_app.program.models import Program
from loyalty_app.redemptions.models import Attempt, Redemption

TABLES = (
    Picture,
    Program,
    Place,
    Device,
    Account,
    AccountSession,
    SignUp,
    PasswordReset,
    Throttle,
    SetupLink,
    ApiKey,
    AuditEntry,
    Mail,
    Member,
    Offer,
    TokenKey,
    Batch,
    BatchActivity,
    BatchTombstone,
    Code,
    ClaimAttempt,
    Redemption,
    PointsEntry,
    Attempt,
    Export,
    Job,
    Topic,
    Answered,
)

metadata = SQLModel.metadata
