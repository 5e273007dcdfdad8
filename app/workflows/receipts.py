"""What a member keeps of a counted ballot (biên nhận phiếu)."""

from dataclasses import dataclass

from app.extensions import db
from app.models import Ballot, Choice, Place, PollLeaf
from app.workflows.proofs import Proof, proof_of
from app.workflows.rules.ballot import parse_ballot


@dataclass(frozen=True, kw_only=True)
class Receipt(Proof):
    ballot_id: int
    poll_id: int
    choice: Choice
    place: Place
    remark: str
    reservation: bool


def receipt_of(ballot: Ballot) -> Receipt:
    """The receipt as it stands in the database; the same for every repetition."""
    leaf = db.session.get_one(PollLeaf, (ballot.poll_id, ballot.leaf_seq))
    said = parse_ballot(ballot.statement.statement)
    return Receipt(
        ballot_id=ballot.id, poll_id=ballot.poll_id, choice=ballot.choice, place=ballot.place, remark=said["remark"],
        reservation=said["reservation"], **proof_of(ballot.statement, leaf, ballot.cast_at),
    )  # fmt: skip
