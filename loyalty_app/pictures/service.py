"""Keep pictures, and find them again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.audit import service as audit
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.pictures.drawing import Drawn
from loyalty_app.pictures.models import Picture

DIGEST_LENGTH = 64


@dataclass(frozen=True)
class Shown:
    """Where a picture is, and how large, so that its place can be kept free."""

    digest: str
    width: int
    height: int

    @property
    def url(self) -> str:
        """Return its address, which never shows anything else."""
        return url_of(self.digest)


def url_of(digest: str) -> str:
    """Return the address of a picture."""
    return f"/pictures/{digest}"


def keep(session: Session, drawn: Drawn, *, by: Actor, now: datetime) -> Picture:
    """Keep a picture; one that is there already is the same row."""
    if not by.may(Permission.PROGRAM_MANAGEMENT):
        by.must(Permission.OFFER_MANAGEMENT)
    digest = hashlib.sha256(drawn.content).hexdigest()
    added = session.connection().execute(
        _ADD,
        {
            "digest": digest,
            "media_type": drawn.media_type,
            "width": drawn.width,
            "height": drawn.height,
            "content": drawn.content,
            "now": now,
            "by": by.account_id,
        },
    )
    picture = session.exec(select(Picture).where(Picture.digest == digest)).one()
    if added.rowcount:
        audit.record(session, "upload", f"picture {picture.id}", f"{drawn.width} × {drawn.height}", by=by, now=now)
    return picture


def get(session: Session, digest: str) -> Picture:
    """Return a picture with its content; pictures are public."""
    picture = session.exec(select(Picture).where(Picture.digest == digest)).first() if _is_digest(digest) else None
    if picture is None:
        raise NotFoundError("picture")
    return picture


def chosen(session: Session, digest: str, field: str = "picture") -> int | None:
    """Return the number of the picture that a form's field names; None if it names none."""
    if not digest:
        return None
    found = session.exec(select(Picture.id).where(Picture.digest == digest)).first() if _is_digest(digest) else None
    if found is None:
        raise InvalidError(**{field: "This picture is not there any more. Upload it again."})
    return found


def shown(session: Session, picture_ids: Iterable[int | None]) -> dict[int | None, Shown]:
    """Return where pictures are by their numbers, without their content."""
    wanted = set(picture_ids) - {None}
    if not wanted:
        return {}
    found = session.exec(
        select(Picture.id, Picture.digest, Picture.width, Picture.height).where(col(Picture.id).in_(wanted))
    )
    return {picture_id: Shown(digest, width, height) for picture_id, digest, width, height in found}


def _is_digest(text: str) -> bool:
    return len(text) == DIGEST_LENGTH and text.isascii() and text.isalnum()


_ADD = sa.text(
    "insert into picture (digest, media_type, width, height, content, created_at, created_by)"
    " values (:digest, :media_type, :width, :height, :content, :now, :by) on conflict (digest) do nothing"
).bindparams(sa.bindparam("content", type_=sa.LargeBinary), sa.bindparam("now", type_=UTCDateTime()))
