"""How far long work is, for other programs."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import reading
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.ui.rest import Instant, Number, Shown
from loyalty_app.ui.routes import allow

router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])


class JobShown(Shown):
    """A job; it is over when its status is `done`, `failed` or `cancelled`."""

    id: Annotated[int, Field(examples=[12])]
    kind: Annotated[str, Field(examples=["generate_codes"])]
    status: Annotated[JobStatus, Field(examples=["running"])]
    done: Annotated[int, Field(examples=[2000])]
    total: Annotated[int, Field(examples=[5000])]
    problem: Annotated[str, Field(description="Why it failed; else empty.")]
    file: Annotated[str | None, Field(description="What it made, for jobs that make a file.")] = None
    created_at: Instant
    started_at: Instant | None


@router.get("/{job_id}")
@allow(Permission.VIEW_DASHBOARD)
def read_job(job_id: Number) -> JobShown:
    """Return how far a job is."""
    with reading() as session:
        return JobShown.model_validate(jobs.get(session, job_id, by=actor()))
