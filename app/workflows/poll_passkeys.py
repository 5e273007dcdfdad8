"""Whether a vote that asks for passkeys may open: nobody finds out by being refused that he has none."""

from collections.abc import Sequence
from enum import StrEnum

from flask_babel import lazy_gettext as _

from app.models import Appointment, Poll
from app.workflows import keys, passkeys
from app.workflows.engine.errors import Subject, WorkflowError


class MembersWithoutPasskey(WorkflowError):
    code = "members_without_passkey"
    message = _(
        "This vote asks for a passkey, and these members have none, so they could not vote: %(names)s. Open it all the "
        "same, or ask for the PIN alone."
    )


class AboutPasskeys(StrEnum):
    """What the chair decides when the vote opens: ask for them whoever has none, or for the PIN alone."""

    DEMAND = "demand"
    PIN = "pin"


def without_passkey(posts: Sequence[Appointment]) -> list[Appointment]:
    """Those who could vote but for a passkey: their signing key is in use, and they have none."""
    signing = keys.active_keys(post.person_id for post in posts)
    have = passkeys.with_passkey(signing)
    return [post for post in posts if post.person_id in signing and post.person_id not in have]


def require_all(subject: Subject, posts: Sequence[Appointment]) -> None:
    """Refuse with the names of those who have none, and where this installation can ask for none (rule:R35)."""
    passkeys.require_party(subject)
    if missing := without_passkey(posts):
        raise MembersWithoutPasskey(subject, names=", ".join(post.person.full_name for post in missing))


def settle(poll: Poll, posts: Sequence[Appointment], decided: AboutPasskeys | None) -> tuple[int, ...]:
    """What the chair decided goes into the poll; gives those who have none where it is asked for all the same."""
    if decided is not None:
        poll.passkey_demanded = decided is AboutPasskeys.DEMAND
    if not poll.passkey_demanded:
        return ()
    if decided is None:
        require_all(poll, posts)
    passkeys.require_party(poll)
    return tuple(post.person_id for post in without_passkey(posts))
