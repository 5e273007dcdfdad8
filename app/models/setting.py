"""What this installation says about itself."""

from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column


class Setting(Model):
    """A fact about the installation (thiết lập), such as the mark of a demo database."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
