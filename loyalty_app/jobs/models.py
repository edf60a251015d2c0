"""The job row is the progress bar and the bookmark in one."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from loyalty_app.core.database import stored


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(SQLModel, table=True):
    """Work done in small steps, each in a transaction of its own."""

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=40)
    subject_id: int = Field(index=True)
    status: JobStatus = Field(default=JobStatus.QUEUED, sa_type=stored(JobStatus), index=True)
    done: int = 0
    total: int
    problem: str = ""
    created_at: datetime
    started_at: datetime | None = None
    beat_at: datetime
    """When the job last gave a sign of life; an old beat hands the row to any living worker.

    Of a queued job: not before then.
    """
