"""The second count of a closed poll: from the signed bytes alone, and with nothing of the first one.

Neither `tally`, `result` nor `rulesets` is used here: a mistake in them must not be made twice (rule:R45).
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any

COMPUTATION_CONTEXT = "vn.ecabinet.computation.v1"
_CHOICES = ("agree", "disagree", "other")


def recount(definition: bytes, ballots: Sequence[bytes], confirmation: bytes | None = None) -> dict[str, Any]:
    """How the result follows from the ballots, step by step: the content of computation.json (rule:R45).

    `definition`, `ballots` (in the order of the log, superseded ones too) and `confirmation` are the exact signed
    bytes. The log is read backwards: the first ballot met of a member stands. `ballot` is its number in the evidence
    bundle.
    """
    poll = json.loads(definition)
    rules, roll, standing = poll["rule_set"]["parameters"], poll["roll"], _standing(ballots)
    votes = [{"member": entry["member"], **standing[entry["member"]]} for entry in roll if entry["member"] in standing]
    counts = {choice: sum(vote["choice"] == choice for vote in votes) for choice in _CHOICES}
    majority = Fraction(rules["majority_numerator"], rules["majority_denominator"])
    head = next((entry["member"] for entry in roll if entry["head"]), None)
    head_choice = standing[head]["choice"] if head in standing else None
    outcome = _outcome(counts, len(roll), majority, rules["tie"], head_choice)
    if confirmation is not None and outcome == "tie_confirm":
        outcome = "adopted" if json.loads(confirmation)["choice"] == "agree" else "not_adopted"
    return {
        "v": 1,
        "ctx": COMPUTATION_CONTEXT,
        "poll_hash": f"sha256:{sha256(definition).hexdigest()}",
        "rule_set": {name: poll["rule_set"][name] for name in ("code", "legal_source")},
        "quorum": {
            "numerator": rules["quorum_numerator"], "denominator": rules["quorum_denominator"],
            **{name: poll["quorum"][name] for name in ("members", "needed", "present")},
        },
        "standing": votes,
        "counts": {**counts, "not_voting": len(roll) - len(votes), "members": len(roll)},
        "majority": {
            "numerator": rules["majority_numerator"], "denominator": rules["majority_denominator"],
            "needed": _needed(len(roll), majority), "reached": counts["agree"] > majority * len(roll),
        },
        "tie": {
            "equal": counts["agree"] == counts["disagree"], "rule": rules["tie"], "head": head,
            "head_choice": head_choice,
        },
        "confirmed": confirmation is not None,
        "outcome": outcome,
    }  # fmt: skip


def contradictions(counted: Mapping[str, Any], recounted: Mapping[str, Any]) -> list[str]:
    """What a result (`result_of`) says otherwise than the second count, by name; nothing where both agree."""
    first = {
        "members": counted["members"], "needed": counted["threshold"], "outcome": counted["outcome"],
        **{name: counted[name] for name in (*_CHOICES, "not_voting", "head_choice", "poll_hash")},
        **{vote["member"]: vote["choice"] for vote in counted["votes"]},
    }  # fmt: skip
    second = {
        "needed": recounted["majority"]["needed"], "outcome": recounted["outcome"], **recounted["counts"],
        "head_choice": recounted["tie"]["head_choice"], "poll_hash": recounted["poll_hash"],
        **{vote["member"]: vote["choice"] for vote in recounted["standing"]},
    }  # fmt: skip
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _standing(ballots: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    standing: dict[str, dict[str, Any]] = {}
    for number in range(len(ballots), 0, -1):
        said = json.loads(ballots[number - 1])
        standing.setdefault(said["member"], {"ballot": number, "choice": said["choice"]})
    return standing


def _needed(members: int, majority: Fraction) -> int:
    return next(count for count in range(members + 1) if count > majority * members)


def _outcome(counts: Mapping[str, int], members: int, majority: Fraction, tie: str, head_choice: str | None) -> str:
    if counts["agree"] > majority * members:
        return "adopted"
    if tie == "fails" or counts["agree"] != counts["disagree"]:
        return "not_adopted"
    return "tie_confirm" if head_choice in ("agree", "disagree") else "undecided"
