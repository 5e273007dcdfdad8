"""What a session of the demo consists of: plain data on given dates, which holding.py turns into acts."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.models import Choice, DocumentKind, ItemKind, MeetingKind, Secrecy

GOVERNMENT = "CP"


@dataclass(frozen=True)
class Paper:
    """A paper of an item; without `make` it is announced and has no file yet, or is handed out in print.

    A draft Resolution is written from its structured `text`; `make` prints the same for those who upload it.
    """

    kind: DocumentKind
    title: str
    make: Callable[[], bytes] | None = None
    file_name: str = ""
    text: Callable[[], dict[str, Any]] | None = None
    secrecy: Secrecy = Secrecy.NONE
    number: str = ""


@dataclass(frozen=True)
class Opinion:
    choice: Choice
    remark: str = ""
    reservation: bool = False


AGREE = Opinion(Choice.AGREE)


@dataclass(frozen=True)
class Issuance:
    """How the Resolution of a vote came about, and how far.

    `seconds` from each of STAGES to the next, the first from the close of the vote; where they end, it waits. With
    `drafted_at` the clerk wrote it then. `changed` alters the text after the vote for a `reason`; `replaces` is
    (title of the session, position) of an earlier one. `stopped` and `recalled` are reasons; `silent` have not
    confirmed that they received it.
    """

    seconds: tuple[int, ...]
    signer: str = "thutuong"
    drafted_at: dt.datetime | None = None
    changed: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    reason: str = ""
    replaces: tuple[str, int] | None = None
    stopped: str = ""
    recalled: str = ""
    silent: tuple[str, ...] = ()


STAGES = ("published", "drafted", "presented", "signed", "numbered", "sealed", "promulgated")
UNHURRIED = Issuance((55,))  # the result is published, and no Resolution is made yet


@dataclass(frozen=True)
class Vote:
    """One vote, by handle: whoever is present agrees, unless `otherwise` or `silent` says so.

    `at_first` are opinions that were changed before the close. An `annulled` vote (the reason) ends after `only` so
    many ballots; a `revised` draft takes the place of the earlier version before the vote.
    """

    otherwise: Mapping[str, Opinion] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    at_first: Mapping[str, Opinion] = field(default_factory=dict)
    annulled: str = ""
    only: int | None = None
    revised: Paper | None = None
    issuance: Issuance = UNHURRIED


@dataclass(frozen=True)
class Item:
    """A point of the agenda; `chair` presides over it instead of the chair of the session."""

    title: str
    kind: ItemKind
    organisation: str
    summary: str = ""
    papers: tuple[Paper, ...] = ()
    votes: tuple[Vote, ...] = ()
    minutes: int = 20
    chair: str = ""
    question: str = ""


@dataclass(frozen=True)
class Leave:
    """A request to be absent; `granted` is None while the head of the body has not decided."""

    handle: str
    reason: str
    granted: bool | None
    substitute: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Guest:
    handle: str
    post: str
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Session:
    """A session and how people answered its invitation: in the room, unless said otherwise. Times are aware."""

    kind: MeetingKind
    title: str
    place: str
    prepared_at: dt.datetime
    invited_at: dt.datetime
    starts_at: dt.datetime
    items: tuple[Item, ...]
    minutes: int = 180
    conference_url: str = ""
    body: str = GOVERNMENT
    clerk: str = "chuyenvien"
    invited_by: str = "chuyenvien"
    secretary: str = "chuyenvien"
    members: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    leaves: tuple[Leave, ...] = ()
    guests: tuple[Guest, ...] = ()

    @property
    def absent(self) -> frozenset[str]:
        """Members who stay away: those whose request waits or was granted."""
        return frozenset(leave.handle for leave in self.leaves if leave.granted is not False)

    @property
    def attending(self) -> tuple[str, ...]:
        """Members who are there when it is held, by precedence."""
        return tuple(handle for handle in self.members if handle not in self.absent)
