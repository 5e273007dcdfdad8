"""Sign-in as rows: sessions that can be ended, and tries that can be counted."""

import datetime as dt

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC


class LoginSession(Model):
    """A signed-in device (phiên đăng nhập); a cookie without a living row opens nothing."""

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    device: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UTC)
    locked_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    revoked_because: Mapped[str | None] = mapped_column(String(64))

    user: Mapped[User] = relationship()


class LoginTry(Model):
    """One try of a password (lần đăng nhập); failures within a window lock the name, never for good.

    `succeeded` is None while the password is looked at: such a try counts against its name already, so that many
    guesses at once win nothing. A try with a session unlocks its screen and counts against that session alone.
    """

    __tablename__ = "login_try"
    __table_args__ = (Index("login_try_name", "username_fold", "at"), Index("login_try_address", "address", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    username_fold: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("login_session.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTC)
    succeeded: Mapped[bool | None]
