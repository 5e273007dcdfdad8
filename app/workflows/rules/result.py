"""What a closed poll decided, computed from signed data only: the content of result.json."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.workflows.rules import merkle
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.log import check_log
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.sentence import Ruling, verdict_sentence
from app.workflows.rules.tally import Tally, Verdict, after_confirmation, decide, percent_of_all, threshold

RESULT_CONTEXT = "vn.ecabinet.result.v1"
_SHOWN_ROLL = ("index", "member", "name", "post", "abbreviation")
_REPEATED = (
    "poll_id", "body", "meeting", "item", "question", "visibility", "document", "quorum", "opened_at", "opened_by",
    "software",
)  # fmt: skip
_CHOICE_ONLY = ("choice", "reservation", "remark")


def result_of(
    definition: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
    ballots: Iterable[Mapping[str, Any]],
    closed_at: str,
    confirmation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Count a closed poll (rule:R1, rule:R2, rule:R3).

    `definition`, `log` and each ballot's `statement` are the parsed signed bytes (`parse_definition`, `parse_leaf`,
    `parse_ballot`); a ballot may also carry `sha256`, `leaf_seq`, `leaf_hash`, `cms_sha256`, which must then agree.
    `confirmation` is the parsed act by which the head confirmed a tie. Signatures are verified before, elsewhere.
    ValueError when anything contradicts anything: no result is better than a wrong one.
    """
    leaves = [dict(entry) for entry in log]
    check_log(leaves)
    poll_hash = tagged_digest(canonical(dict(definition)))
    if leaves[0]["poll_hash"] != poll_hash:
        raise ValueError("the log was opened for another definition")
    if leaves[0]["at"] != definition["opened_at"] or leaves[-1]["at"] != closed_at:
        raise ValueError("the log was opened or closed at another time")
    hashes = [merkle.leaf_hash(canonical(entry)) for entry in leaves]
    cast = _cast(definition, poll_hash, leaves, hashes, ballots)
    result = _count(definition, _standing(definition, cast), poll_hash, confirmation)
    result["closed_at"] = closed_at
    result["log"] = {"size": len(leaves), "root": merkle.root(hashes).hex()}
    return result


def _cast(
    definition: Mapping[str, Any],
    poll_hash: str,
    leaves: Sequence[Mapping[str, Any]],
    hashes: Sequence[bytes],
    ballots: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Every ballot with its place in the log, in the order of the log; one ballot per entry, one entry per ballot."""
    given = list(ballots)
    by_digest = {digest(canonical(ballot["statement"])): ballot for ballot in given}
    if len(given) != len(leaves) - 2 or len(by_digest) != len(given):
        raise ValueError("a ballot is not in the log, or twice among the ballots")
    roll = {entry["member"]: entry for entry in definition["roll"]}
    roots, found = merkle.roots(hashes), []
    for entry in leaves[1:-1]:
        seq = entry["seq"]
        ballot = _placed(by_digest, entry, hashes[seq])
        _check_ballot(ballot["statement"], entry, roll, (definition["poll_id"], poll_hash))
        seen = ballot["statement"]["seen"]
        if seen["size"] > seq or seen["root"] != roots[seen["size"]]:
            raise ValueError(f"the ballot of entry {seq} has seen another log")
        found.append(ballot)
    return found


def _placed(by_digest: Mapping[str, Mapping[str, Any]], entry: Mapping[str, Any], leaf_hash: bytes) -> dict[str, Any]:
    ballot = by_digest.get(entry["statement_sha256"])
    if ballot is None:
        raise ValueError(f"entry {entry['seq']} of the log names a ballot that is missing")
    placed = {
        "statement": ballot["statement"],
        "sha256": entry["statement_sha256"],
        "cms_sha256": entry["cms_sha256"],
        "leaf_seq": entry["seq"],
        "leaf_hash": leaf_hash.hex(),
    }
    if any(ballot.get(name, value) != value for name, value in placed.items()):
        raise ValueError(f"the ballot of entry {entry['seq']} is described otherwise than the log says")
    return placed


def _check_ballot(
    statement: Mapping[str, Any],
    entry: Mapping[str, Any],
    roll: Mapping[str, Mapping[str, Any]],
    poll: tuple[int, str],
) -> None:
    """Only members of the frozen roll vote: no substitute (rule:R6), no guest (rule:R7)."""
    if (statement["poll_id"], statement["poll_hash"]) != poll:
        raise ValueError(f"the ballot of entry {entry['seq']} belongs to another poll")
    member = roll.get(statement["member"])
    if member is None or member["index"] != statement["roll_index"] or entry["member"] != statement["member"]:
        raise ValueError(f"the ballot of entry {entry['seq']} is of nobody on the roll")
    if member["certificate_sha256"] is None:
        raise ValueError(f"the ballot of entry {entry['seq']} is of a member without a certificate in the roll")


def _standing(definition: Mapping[str, Any], cast: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The ballot of each member that nobody supersedes; each change must name the one that stood before."""
    parameters = RuleParameters.parse(definition["rule_set"]["parameters"])
    standing: dict[str, dict[str, Any]] = {}
    nonces = {ballot["statement"]["nonce"] for ballot in cast}
    if len(nonces) != len(cast):
        raise ValueError("two ballots share one nonce")
    for ballot in cast:
        statement = ballot["statement"]
        before = standing.get(statement["member"])
        if before and not parameters.vote_change_allowed:
            raise ValueError(f"{statement['member']} voted twice where no change is allowed")
        if statement["supersedes"] != (before and f"sha256:{before['sha256']}"):
            raise ValueError(f"{statement['member']}: a ballot supersedes another one than the standing one")
        standing[statement["member"]] = ballot
    return standing


def _count(
    definition: Mapping[str, Any],
    standing: Mapping[str, dict[str, Any]],
    poll_hash: str,
    confirmation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    parameters, roll = RuleParameters.parse(definition["rule_set"]["parameters"]), definition["roll"]
    statements = [ballot["statement"] for ballot in standing.values()]
    tally = Tally.of((each["choice"] for each in statements), members=len(roll))
    head = next((entry for entry in roll if entry["head"]), None)
    head_choice = standing[head["member"]]["statement"]["choice"] if head and head["member"] in standing else None
    verdict = decide(tally, head_choice, parameters)
    confirmed = _confirmed(confirmation, verdict, (definition["poll_id"], poll_hash, head_choice))
    ruling = Ruling(
        body=definition["body"]["name"],
        verdict=after_confirmation(head_choice) if confirmed else verdict,
        parameters=parameters,
        head_post=head["post"] if head else None,
        head_choice=head_choice if definition["visibility"] == "named" else None,
        confirmed=confirmed is not None,
    )
    return {
        **_asked(definition, poll_hash),
        **_numbers(tally, parameters),
        "in_room": sum(each["place"] == "in_room" for each in statements),
        "remote": sum(each["place"] == "remote" for each in statements),
        "outcome": ruling.verdict.value,
        "head_choice": head_choice,
        "confirmation": confirmed,
        "sentence": verdict_sentence(tally, ruling),
        "votes": [_vote(entry, standing[entry["member"]]) for entry in roll if entry["member"] in standing],
        "not_voted": [_shown(entry) for entry in roll if entry["member"] not in standing],
    }


def _asked(definition: Mapping[str, Any], poll_hash: str) -> dict[str, Any]:
    """What the result repeats of the definition."""
    rule_set = {name: value for name, value in definition["rule_set"].items() if name != "parameters"}
    return {
        "v": 1,
        "ctx": RESULT_CONTEXT,
        "poll_hash": poll_hash,
        **copy.deepcopy({name: definition[name] for name in _REPEATED}),
        "rule_set": rule_set,
    }


def _numbers(tally: Tally, parameters: RuleParameters) -> dict[str, Any]:
    return {
        "members": tally.members,
        "agree": tally.agree,
        "disagree": tally.disagree,
        "other": tally.other,
        "not_voting": tally.not_voting,
        "percent_of_all": percent_of_all(tally.agree, tally.members),
        "threshold": threshold(tally.members, parameters),
    }


def _confirmed(
    act: Mapping[str, Any] | None, verdict: Verdict, expected: tuple[int, str, str | None]
) -> dict[str, Any] | None:
    """The part of the head's confirmation that the result shows (rule:R2)."""
    if act is None:
        return None
    if verdict is not Verdict.TIE_CONFIRM or act["type"] != "tie_confirmation":
        raise ValueError("only a tie is confirmed, and only by a confirmation")
    if (act["poll_id"], act["poll_hash"], act["choice"]) != expected:
        raise ValueError("the confirmation is of another poll or another choice than the head's ballot")
    return {
        **{name: act[name] for name in ("person", "post", "choice", "server_time")},
        "statement_sha256": digest(canonical(dict(act))),
    }


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in _SHOWN_ROLL}


def _vote(entry: Mapping[str, Any], ballot: Mapping[str, Any]) -> dict[str, Any]:
    statement = ballot["statement"]
    return {
        **_shown(entry),
        **{name: statement[name] for name in ("choice", "place", "reservation", "remark", "server_time")},
        "statement_sha256": ballot["sha256"],
        "leaf_seq": ballot["leaf_seq"],
        "leaf_hash": ballot["leaf_hash"],
        "certificate_sha256": entry["certificate_sha256"],
    }


def public_view(result: Mapping[str, Any]) -> dict[str, Any]:
    """A copy for everybody entitled: without each member's choice where the poll is `named_not_displayed`.

    Not a secret ballot: whoever holds the ballots knows them, and a unanimous result tells everybody's choice.
    """
    shown = copy.deepcopy(dict(result))
    if shown["visibility"] == "named_not_displayed":
        shown["head_choice"] = None
        if shown["confirmation"]:
            shown["confirmation"]["choice"] = None
        for vote in shown["votes"]:
            for name in _CHOICE_ONLY:
                del vote[name]
    return shown
