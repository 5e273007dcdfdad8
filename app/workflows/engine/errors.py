"""What a workflow may refuse with. Adapters turn these into pages or JSON."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from flask_babel import lazy_gettext as _


class Subject(Protocol):
    """What rights, facts and refusals are about: a row that knows its meeting (or None) and its body."""

    __tablename__: Any

    @property
    def id(self) -> Any: ...
    @property
    def meeting_id(self) -> Any: ...
    @property
    def body_id(self) -> Any: ...


@dataclass
class Detached:
    """A subject that needs no database: for refusals raised while the session's own connection is given back."""

    __tablename__: str
    id: int
    meeting_id: int | None
    body_id: int

    @classmethod
    def of(cls, subject: Subject) -> Self:
        return cls(subject.__tablename__, subject.id, subject.meeting_id, subject.body_id)


class WorkflowError(Exception):
    """A refusal the user can understand and act on.

    `code` is stable and machine-readable, `http_status` what the adapters answer with, `field` the form field that
    shows it, `message` the translated sentence (filled with `details`).
    """

    code: ClassVar[str] = "refused"
    http_status: ClassVar[int] = 409
    field: ClassVar[str | None] = None
    message: Any = _("The request was refused.")

    def __init__(self, subject: Subject, **details: object) -> None:
        super().__init__(self.code)
        self.about = {"body_id": subject.body_id, "subject_type": subject.__tablename__, "subject_id": subject.id or 0}
        self.details = details

    @property
    def recorded(self) -> str:
        """The code under which the refusal is written down."""
        return self.code

    def __str__(self) -> str:
        return str(self.message) % self.details


class NotAllowed(WorkflowError):
    code = "not_allowed"
    http_status = 403
    message = _("You are not allowed to do this: %(right)s.")


class NotFound(WorkflowError):
    """For what exists but may not be seen; the answer is the same as for what does not exist."""

    code = "not_found"
    http_status = 404
    message = _("This does not exist, or it is not open to you.")


class WrongState(WorkflowError):
    code = "wrong_state"
    message = _("This cannot be done now: the state is “%(state)s”.")


class BadValue(WorkflowError):
    """Input that no state would admit; names its field."""

    code = "bad_value"
    http_status = 422
    message = _("This value is not possible here.")
