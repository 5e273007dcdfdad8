"""What a closed vote shows and hands out: the result by visibility, the tally record, the evidence bundle."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

from app.gateways import paper
from app.models import Choice, Place, Poll, PollState, Visibility
from app.workflows import sealed, time_stamps
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import AUDITOR, SAID, Actor, Right
from app.workflows.engine.transaction import Fact, end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.installation_log import Mark
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import digest, parse_canonical
from app.workflows.rules.evidence import (
    KEY_PLACES,
    bundle,
    bundle_files,
    key_places,
    recall_files,
    resolution_files,
)
from app.workflows.rules.result import public_view
from app.workflows.sealed import Issued, Sealed
from app.workflows.witnessing import Confirmation, ConfirmationState

COUNTED = frozenset({PollState.CLOSED, PollState.PUBLISHED})
OVER = COUNTED | {PollState.ANNULLED}
BUNDLE, TALLY_RECORD = "bundle", "tally_record"
GUIDE = Path(__file__).parent / "HOW-TO-VERIFY.md"


class NoResult(WorkflowError):
    code = "no_result"
    message = _("This vote has no result: it is not closed, or it was annulled.")


class TooEarly(WorkflowError):
    code = "evidence_too_early"
    message = _("The evidence is handed out after the vote is closed.")


class NamesNotDisplayed(WorkflowError):
    code = "names_not_displayed"
    http_status = 403
    message = _("The names of this vote are not displayed, so its evidence is open to auditors only.")


@dataclass(frozen=True)
class EvidenceTaken(Fact):
    """`kind`: "bundle" or "tally_record"; `sha256` of the bytes that were handed out."""

    kind: str
    sha256: str


def may_see_result(actor: Actor, poll: Poll) -> bool:
    """Nobody sees a split before the close; chair and secretary after it, everybody entitled after publication."""
    return poll.state is PollState.PUBLISHED or (poll.state is PollState.CLOSED and actor.may(Right.POLL_SPLIT, poll))


def may_take_bundle(actor: Actor, poll: Poll) -> bool:
    try:
        _admit_to_bundle(actor, poll)
    except WorkflowError:
        return False
    return True


def result_view(actor: Actor, poll_id: int) -> dict[str, Any]:
    """The result as pages show it, without what the visibility of the poll hides.

    Keys: outcome, verdict (the sentence for the minutes), members, agree, disagree, other, not_voting, in_room,
    remote, percent_of_all (a Decimal from 0 to 1 of ALL members), needed, rule, legal_source, published_at,
    rows (by member, or None), rows_note (why there are none).
    """
    poll = seen(actor, Poll, poll_id)
    _admit_to_result(actor, poll)
    result = public_view(parse_canonical(standing_result(poll)))
    return {
        **{name: result[name] for name in ("outcome", "members", "agree", "disagree", "other", "not_voting")},
        **{name: result[name] for name in ("in_room", "remote", "head_choice")},
        "verdict": result["sentence"],
        "percent_of_all": Decimal(result["percent_of_all"]) / 100,
        "needed": result["threshold"],
        "rule": _("Rule set %(code)s", code=result["rule_set"]["code"]),
        "legal_source": result["rule_set"]["legal_source"],
        "published_at": poll.published_at,
        "rows": _rows(result) if poll.visibility is Visibility.NAMED else None,
        "rows_note": None if poll.visibility is Visibility.NAMED else word(poll.visibility),
    }


def standing_result(poll: Poll) -> bytes:
    """The stored result that counts: after the head confirmed a tie, the confirmed one. NoResult without one."""
    result = poll.confirmed_result or poll.result
    if poll.state not in COUNTED or result is None:
        raise NoResult(poll)
    return result


def tally_record(actor: Actor, poll_id: int, now: dt.datetime) -> bytes:
    """Biên bản kiểm phiếu as PDF, set from the signed data after they were verified and counted again."""
    return _hand_out(actor, poll_id, TALLY_RECORD, now)


def bundle_of(actor: Actor, poll_id: int, now: dt.datetime) -> bytes:
    """Evidence bundle v1 as a zip; the same bytes at each call. An annulled vote has the act instead of a result.

    A recalled Resolution goes with it to auditors only, like the file itself; to everybody else goes the signed recall.
    """
    return _hand_out(actor, poll_id, BUNDLE, now)


def part(actor: Actor, poll_id: int, kind: str, now: dt.datetime) -> bytes:
    """The same files ("bundle", "tally_record") as part of something whose handing out is recorded itself.

    Read and checked first, then made with nothing open.
    """
    admit, make = _MADE[kind]
    poll = seen(actor, Poll, poll_id)
    admit(actor, poll)
    checked = replace(sealed.checked(poll), stamps=time_stamps.of_poll(poll, now))
    end_reading()
    return make(checked, actor)


def _admit_to_result(actor: Actor, poll: Poll) -> None:
    """Refuse with the reason unless there is a result and this person may see it."""
    standing_result(poll)
    if not may_see_result(actor, poll):
        raise NotAllowed(poll, right=SAID[Right.POLL_SPLIT])


def _admit_to_bundle(actor: Actor, poll: Poll) -> None:
    """After publication: auditors, and those who took part where names are displayed; an annulled vote to auditors."""
    actor.require(Right.EVIDENCE_READ, poll)
    if poll.state not in OVER or poll.definition is None:
        raise TooEarly(poll)
    if poll.state is PollState.CLOSED:
        raise NotAllowed(poll, right=SAID[Right.POLL_SPLIT])
    if actor.holds(frozenset({AUDITOR}), poll.body_id):
        return
    if poll.visibility is not Visibility.NAMED:
        raise NamesNotDisplayed(poll)
    if poll.published_at is None:
        raise NotAllowed(poll, right=SAID[Right.POLL_SPLIT])


def _hand_out(actor: Actor, poll_id: int, kind: str, now: dt.datetime) -> bytes:
    """Make the file, then record who took it."""
    end_reading()
    try:
        made = part(actor, poll_id, kind, now)
    except WorkflowError as refusal:
        record_refusal(kind, actor, refusal)
        raise
    _taken(actor, poll_id, kind, digest(made), now)
    return made


@use_case
def _taken(actor: Actor, poll_id: int, kind: str, sha256: str, now: dt.datetime) -> None:
    record(actor, EvidenceTaken.about(seen(actor, Poll, poll_id), kind=kind, sha256=sha256), now)


def _set_record(checked: Sealed, _actor: Actor) -> bytes:
    """The signed data alone, and beside the body's name the place where it issues its documents."""
    definition = parse_canonical(checked.definition)
    result = public_view(parse_canonical(checked.result or b""))
    return paper.tally_record(
        {**definition, "body": {**definition["body"], "place": checked.place}},
        result,
        result["log"],
        demo=bool(current_app.config.get("DEMO")),
        stamps=asdict(checked.stamps) if checked.stamps else None,
        kept=checked.kept,
        mark=printed(checked.mark, checked.witnesses),
    )


def printed(mark: Mark | None, witnesses: Sequence[Confirmation]) -> paper.Mark | None:
    """A checkpoint as papers print it, with those witnesses whose signature under it is a fact by now."""
    if mark is None:
        return None
    signed = [each for each in witnesses if each.state is ConfirmationState.SIGNED]
    cosigned = tuple((each.witness, iso_utc(each.at)) for each in signed if each.at)
    return paper.Mark(mark.code, mark.size, mark.root, iso_utc(mark.at), mark.text, cosigned)


def _pack(checked: Sealed, actor: Actor) -> bytes:
    return bundle(
        bundle_files(
            checked.definition, checked.ballots, checked.certificates, checked.leaves, checked.result, checked.acts,
            _issued_files(checked.resolution, actor), checked.beside, _more(checked, actor),
        )
    )  # fmt: skip


def _more(checked: Sealed, actor: Actor) -> dict[str, bytes]:
    """What helps readers: how the count goes, the tally record, how to verify all of it without this program."""
    files = {GUIDE.name: GUIDE.read_bytes(), KEY_PLACES: key_places(checked.places), **checked.proofs}
    if checked.computation is not None:
        files |= {"computation.json": checked.computation, "tally.pdf": _set_record(checked, actor)}
    return files


_MADE: dict[str, tuple[Callable[[Actor, Poll], None], Callable[[Sealed, Actor], bytes]]] = {
    BUNDLE: (_admit_to_bundle, _pack),
    TALLY_RECORD: (_admit_to_result, _set_record),
}


def _issued_files(issued: Issued | None, actor: Actor) -> dict[str, bytes]:
    if issued is None:
        return {}
    if issued.recall and not actor.holds(frozenset({AUDITOR}), issued.about.body_id):
        return recall_files(issued.recall)
    return resolution_files(issued.text, issued.changes, issued.reason, issued.number, issued.content(), issued.recall)


def _rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every member of the roll in its order, with the vote or with none."""
    nothing = {"choice": None, "place_label": "", "remark": "", "reservation": False}
    rows = [{**entry, **nothing} for entry in result["not_voted"]]
    rows += [{**vote, "choice": Choice(vote["choice"]), "place_label": word(Place(vote["place"]))}
             for vote in result["votes"]]  # fmt: skip
    return sorted(rows, key=lambda row: row["index"])
