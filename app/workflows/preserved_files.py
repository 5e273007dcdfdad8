"""The long-term forms (bản lưu trữ dài hạn) that there are of a Resolution."""

from collections.abc import Sequence

from sqlalchemy import select

from app.extensions import db
from app.models import PreservedFile, Resolution


def files_of(resolution_id: int) -> Sequence[PreservedFile]:
    """All of them, the first one first; each begins with the bytes of the one before."""
    rows = select(PreservedFile).where(PreservedFile.resolution_id == resolution_id)
    return db.session.scalars(rows.order_by(PreservedFile.number)).all()


def newest(resolution_id: int) -> PreservedFile | None:
    rows = select(PreservedFile).where(PreservedFile.resolution_id == resolution_id)
    return db.session.scalars(rows.order_by(PreservedFile.number.desc()).limit(1)).one_or_none()


def with_file(sha256: str) -> Resolution | None:
    """The Resolution that has this long-term form, to the byte."""
    rows = select(PreservedFile).where(PreservedFile.sha256 == sha256)
    found = db.session.scalars(rows).first()
    return found.resolution if found else None
