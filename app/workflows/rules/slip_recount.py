"""The second count of a closed slip: from the signed bytes alone, and with nothing of the first one.

Neither `slip_result`, `tally` nor `slip_parameters` is used here: a mistake in them must not be made twice (rule:R45).
"""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any

COMPUTATION_CONTEXT = "vn.ecabinet.slip-computation.v1"


def recount_slip(definition: bytes, answers: Sequence[bytes]) -> dict[str, Any]:
    """How the result follows from the answers, step by step (rule:R45).

    `definition` and `answers` (in the order of the log, superseded ones too) are the exact signed bytes. They are read
    backwards: the first answer met of a member stands. `answer` is its number in that order, from 1.
    """
    slip = json.loads(definition)
    rules, roll, standing = slip["rule_set"]["parameters"], slip["roll"], _standing(answers)
    quiet = [entry["member"] for entry in roll if entry["member"] not in standing]
    presumed = len(quiet) if rules["silence"] == "agree" else 0
    majority = Fraction(rules["majority_numerator"], rules["majority_denominator"])
    leader = next((entry["member"] for entry in roll if entry["head"]), None)
    counted = []
    for position, question in enumerate(slip["questions"]):
        said = {member: found["said"]["answers"][position] for member, found in standing.items()}
        columns = _columns(question, said, len(roll), presumed, len(slip["articles"]))
        if question["kind"] == "consent":
            columns |= _judged(columns, len(roll), majority, rules["tie"], _choice_of(leader, said))
        counted.append({"index": question["index"], "main": question["main"], **columns})
    return {
        "v": 1,
        "ctx": COMPUTATION_CONTEXT,
        "slip_hash": f"sha256:{sha256(definition).hexdigest()}",
        "rule_set": {name: slip["rule_set"][name] for name in ("code", "legal_source")},
        "silence": rules["silence"],
        "members": len(roll),
        "standing": [{"member": entry["member"], "answer": standing[entry["member"]]["number"]}
                     for entry in roll if entry["member"] in standing],
        "deemed": quiet if presumed else [],
        "missing": [] if presumed else quiet,
        "questions": counted,
        "outcome": next((each["outcome"] for each in counted if each["main"]), None),
    }  # fmt: skip


def slip_contradictions(counted: Mapping[str, Any], recounted: Mapping[str, Any]) -> list[str]:
    """What a result (`slip_result`) says otherwise than the second count, by name; nothing where both agree.

    Nothing of a slip is reported while there is one (rule:R45).
    """
    same = ("slip_hash", "members", "outcome", "silence")
    first: dict[str, Any] = {name: counted[name] for name in same}
    second: dict[str, Any] = {name: recounted[name] for name in same}
    for name in ("deemed", "missing"):
        first[name], second[name] = [entry["member"] for entry in counted[name]], recounted[name]
    first["answered"], second["answered"] = counted["answered"], len(recounted["standing"])
    first["standing"] = [answer["member"] for answer in counted["answers"]]
    second["standing"] = [found["member"] for found in recounted["standing"]]
    for place in range(max(len(counted["questions"]), len(recounted["questions"]))):
        for told, into in ((counted, first), (recounted, second)):
            into[f"question {place + 1}"] = _compared(told["questions"], place)
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _compared(questions: Sequence[Mapping[str, Any]], place: int) -> Any:
    """The numbers of a question; the first count also repeats words, which are no numbers."""
    if place >= len(questions):
        return None
    found = {name: value for name, value in questions[place].items() if name not in ("kind", "percent_of_all")}
    for name, kept in (("options", ("option", "count")), ("articles", None)):
        if kept and name in found:
            found[name] = [{key: each[key] for key in kept} for each in found[name]]
    return found


def _standing(answers: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    standing: dict[str, dict[str, Any]] = {}
    for number in range(len(answers), 0, -1):
        said = json.loads(answers[number - 1])
        standing.setdefault(said["member"], {"number": number, "said": said})
    return standing


def _choice_of(member: str | None, said: Mapping[str, Mapping[str, Any]]) -> str | None:
    return said[member]["choice"] if member is not None and member in said else None


def _columns(
    question: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]], members: int, presumed: int, articles: int
) -> dict[str, Any]:
    kind = question["kind"]
    if kind == "consent":
        return _sides([each["choice"] for each in said.values()], members, presumed)
    if kind == "pick":
        options = [{"option": number, "count": len([1 for each in said.values() if each["option"] == number])}
                   for number in range(1, len(question["options"]) + 1)]  # fmt: skip
        picked = len([1 for each in said.values() if each["option"] is not None])
        return {"options": options, "deemed": 0, "missing": members - picked}
    spoken = len([1 for each in said.values() if each["text"] != "" or each["articles"] != []])
    found: dict[str, Any] = {"spoken": spoken, "deemed": 0, "missing": members - spoken}
    if kind == "articles":
        marks = [mark for each in said.values() for mark in each["articles"]]
        found["articles"] = [
            {"article": number, **_sides([m["choice"] for m in marks if m["article"] == number], members, presumed)}
            for number in range(1, articles + 1)
        ]
    return found


def _sides(choices: Sequence[str | None], members: int, presumed: int) -> dict[str, Any]:
    sides = {"agree": 0, "disagree": 0, "other": 0}
    for choice in choices:
        if choice is not None:
            sides[choice] += 1
    return {**sides, "deemed": presumed, "missing": members - presumed - sum(sides.values())}


def _judged(
    columns: Mapping[str, Any], members: int, majority: Fraction, tie: str, leader: str | None
) -> dict[str, Any]:
    """A deemed answer counts for the motion; in a tie only what the head has really said does."""
    supporting, needed = columns["agree"] + columns["deemed"], members * majority
    equal = supporting == columns["disagree"] and supporting <= needed and tie == "head"
    spoke = leader in ("agree", "disagree")
    if supporting > needed or (equal and leader == "agree"):
        outcome = "adopted"
    else:
        outcome = "undecided" if equal and not spoke else "not_adopted"
    return {
        "counted_for": supporting, "threshold": int(needed) + 1, "head_choice": leader, "outcome": outcome,
        "by_head": equal and spoke,
    }  # fmt: skip
