"""What a closed slip says, computed from signed data only: the content of its result, and the ways on from it."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.workflows.rules import merkle
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.slip import ARTICLES, CONSENT, PICK, AnswerCheck, main_question, slip_hash
from app.workflows.rules.slip_log import ANSWER, CLOSED, EXTENDED, check_log, deadline_of
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.slip_sentence import Opinions, slip_sentence
from app.workflows.rules.tally import (
    CHOICES,
    Tally,
    Verdict,
    after_confirmation,
    decide,
    percent_of_all,
    threshold,
)

RESULT_CONTEXT = "vn.ecabinet.slip-result.v1"
SUBMIT, SESSION, RETURN = WAYS = ("submit", "session", "return")
_SHOWN_ROLL = ("index", "member", "name", "post", "abbreviation")
_REPEATED = (
    "slip_id", "number", "round", "previous", "body", "matter", "organisation", "urgency", "evidence", "issued_at",
    "issued_by", "software",
)  # fmt: skip
_ANSWERED = ("answers", "reservation", "attachments", "server_time")


def slip_result(
    definition: Mapping[str, Any], log: Sequence[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Count a closed slip (rule:R1, rule:R2, rule:R60).

    `definition`, `log` and each answer's `statement` are the parsed signed bytes; an answer may also carry `sha256`,
    `leaf_seq`, `leaf_hash`, `cms_sha256`, which must then agree. Signatures are verified before, elsewhere. ValueError
    when anything contradicts anything: no result is better than a wrong one.
    """
    leaves = [dict(entry) for entry in log]
    check_log(leaves)
    if leaves[-1]["kind"] != CLOSED:
        raise ValueError("a slip that was recalled has no result")
    hashed = slip_hash(definition)
    opened = {name: leaves[0][name] for name in ("slip_hash", "deadline_at", "at")}
    expected = {"slip_hash": hashed, "deadline_at": definition["deadline_at"], "at": definition["issued_at"]}
    if opened != expected:
        raise ValueError("the log was opened for another definition")
    hashes = [merkle.leaf_hash(canonical(entry)) for entry in leaves]
    standing = _standing(definition, _cast(definition, leaves, hashes, answers))
    silent = _silent(definition, standing)
    if leaves[-1]["deemed"] != [entry["member"] for entry in silent["deemed"]]:
        raise ValueError("the close deems others to agree than the rule set does")
    return {
        **_asked(definition, hashed, leaves),
        **_counted(definition, standing, silent),
        "log": {"size": len(leaves), "root": merkle.root(hashes).hex()},
    }


def counts_so_far(
    definition: Mapping[str, Any], said: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Each question counted over the answers that stand now, by member of the roll; nobody is deemed anything yet.

    `outcome` is None: a slip that is open has none.
    """
    parameters = SlipParameters.parse(definition["rule_set"]["parameters"])
    counts = _Counts(len(definition["roll"]), 0, parameters, said, None)
    found = [counts.question(question, len(definition["articles"])) for question in definition["questions"]]
    return [{**counted, "outcome": None} for counted in found]


def ways_on(outcome: str | None) -> tuple[str, ...]:
    """What the Office may do with a closed slip (rule:R11).

    Adopted: trình Thủ tướng. Not adopted or undecided, exactly three ways: trình Thủ tướng ký, quyết định; đưa ra phiên
    họp; trả lại cơ quan chủ trì, ấn định ngày trình lại. Where nothing was put to consent there is nothing to decide.
    """
    if outcome is None:
        return ()
    return (SUBMIT,) if Verdict(outcome) is Verdict.ADOPTED else WAYS


def _cast(
    definition: Mapping[str, Any],
    leaves: Sequence[Mapping[str, Any]],
    hashes: Sequence[bytes],
    answers: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Every answer with its place in the log, in the order of the log; one answer per entry, one entry per answer."""
    given = list(answers)
    by_digest = {digest(canonical(answer["statement"])): answer for answer in given}
    entries = [entry for entry in leaves if entry["kind"] == ANSWER]
    if len(given) != len(entries) or len(by_digest) != len(given):
        raise ValueError("an answer is not in the log, or twice among the answers")
    certified = {entry["member"] for entry in definition["roll"] if entry["certificate_sha256"]}
    roots, fits, found = merkle.roots(hashes), AnswerCheck(definition), []
    for entry in entries:
        answer = _placed(by_digest, entry, hashes[entry["seq"]])
        said, place = answer["statement"], f"the answer of entry {entry['seq']}"
        fits(said)
        if said["member"] != entry["member"] or said["member"] not in certified:
            raise ValueError(f"{place} is of nobody on the roll who holds a certificate")
        seen = said["seen"]
        if seen["size"] > entry["seq"] or seen["root"] != roots[seen["size"]]:
            raise ValueError(f"{place} has seen another log")
        found.append(answer)
    return found


def _placed(by_digest: Mapping[str, Mapping[str, Any]], entry: Mapping[str, Any], leaf_hash: bytes) -> dict[str, Any]:
    answer = by_digest.get(entry["statement_sha256"])
    if answer is None:
        raise ValueError(f"entry {entry['seq']} of the log names an answer that is missing")
    placed = {
        "statement": answer["statement"], "sha256": entry["statement_sha256"], "cms_sha256": entry["cms_sha256"],
        "leaf_seq": entry["seq"], "leaf_hash": leaf_hash.hex(),
    }  # fmt: skip
    if any(answer.get(name, value) != value for name, value in placed.items()):
        raise ValueError(f"the answer of entry {entry['seq']} is described otherwise than the log says")
    return placed


def _standing(definition: Mapping[str, Any], cast: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answer of each member that nobody supersedes; each change must name the one that stood before."""
    parameters = SlipParameters.parse(definition["rule_set"]["parameters"])
    standing: dict[str, dict[str, Any]] = {}
    if len({answer["statement"]["nonce"] for answer in cast}) != len(cast):
        raise ValueError("two answers share one nonce")
    for answer in cast:
        said = answer["statement"]
        before = standing.get(said["member"])
        if before and not parameters.answer_change_allowed:
            raise ValueError(f"{said['member']} answered twice where no change is allowed")
        if said["supersedes"] != (before and f"sha256:{before['sha256']}"):
            raise ValueError(f"{said['member']}: an answer supersedes another one than the standing one")
        standing[said["member"]] = answer
    return standing


def _silent(definition: Mapping[str, Any], standing: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Those who did not answer, in roll order: deemed to agree or missing, as the rule set says (rule:R60)."""
    silent = [entry for entry in definition["roll"] if entry["member"] not in standing]
    deemed = SlipParameters.parse(definition["rule_set"]["parameters"]).deemed
    return {"deemed": silent if deemed else [], "missing": [] if deemed else silent}


def _asked(definition: Mapping[str, Any], hashed: str, leaves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the result repeats of the definition and of the log."""
    moved = [{name: entry[name] for name in ("before", "after", "reason", "at")}
             for entry in leaves if entry["kind"] == EXTENDED]  # fmt: skip
    rule_set = {name: value for name, value in definition["rule_set"].items() if name != "parameters"}
    return {
        "v": 1,
        "ctx": RESULT_CONTEXT,
        "slip_hash": hashed,
        **copy.deepcopy({name: definition[name] for name in _REPEATED}),
        "rule_set": rule_set,
        "silence": definition["rule_set"]["parameters"]["silence"],
        "deadline_at": deadline_of(leaves),
        "extensions": moved,
        "closed_at": leaves[-1]["at"],
        "early": leaves[-1]["reason"],
    }


def _counted(
    definition: Mapping[str, Any],
    standing: Mapping[str, dict[str, Any]],
    silent: Mapping[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    roll, parameters = definition["roll"], SlipParameters.parse(definition["rule_set"]["parameters"])
    said = {member: answer["statement"]["answers"] for member, answer in standing.items()}
    head = next((entry for entry in roll if entry["head"]), None)
    counts = _Counts(len(roll), len(silent["deemed"]), parameters, said, head["member"] if head else None)
    questions = [counts.question(question, len(definition["articles"])) for question in definition["questions"]]
    main = main_question(definition)
    decisive = questions[main - 1] if main else None
    opinions = Opinions(
        body=definition["body"]["name"], members=len(roll), answered=len(standing), deemed=len(silent["deemed"]),
        missing=len(silent["missing"]), rule_set=definition["rule_set"]["code"],
        legal_source=definition["rule_set"]["legal_source"], parameters=parameters,
        head_post=head["post"] if head else None,
    )  # fmt: skip
    return {
        "members": len(roll),
        "answered": len(standing),
        "deemed": [_shown(entry) for entry in silent["deemed"]],
        "missing": [_shown(entry) for entry in silent["missing"]],
        "questions": questions,
        "main": main,
        "outcome": decisive["outcome"] if decisive else None,
        "ways": list(ways_on(decisive["outcome"] if decisive else None)),
        "sentence": slip_sentence(opinions, decisive),
        "answers": [_answer(entry, standing[entry["member"]]) for entry in roll if entry["member"] in standing],
    }


class _Counts:
    """Counts questions over the standing answers; three columns (cast, deemed, missing) always add up to all."""

    def __init__(
        self, members: int, deemed: int, parameters: SlipParameters, said: Mapping[str, Any], head: str | None
    ) -> None:
        self.members, self.silently, self.parameters, self.said, self.head = members, deemed, parameters, said, head

    def question(self, question: Mapping[str, Any], articles: int) -> dict[str, Any]:
        index, kind = question["index"], question["kind"]
        answers = {member: parts[index - 1] for member, parts in self.said.items()}
        counted: dict[str, Any] = {"index": index, "kind": kind, "main": question["main"]}
        if kind == CONSENT:
            return counted | self._consent({member: part["choice"] for member, part in answers.items()}, decides=True)
        if kind == PICK:
            return counted | self._pick([part["option"] for part in answers.values()], question["options"])
        if kind == ARTICLES:
            by_article = [self._article(number, answers) for number in range(1, articles + 1)]
            return counted | {"articles": by_article, **self._open(answers)}
        return counted | self._open(answers)

    def _consent(self, choices: Mapping[str, str | None], decides: bool) -> dict[str, Any]:
        """Deemed agreement counts for the motion, and never breaks a tie: only the head's own answer does."""
        given = list(choices.values())
        cast = {choice: given.count(choice) for choice in CHOICES}
        counted_for = cast["agree"] + self.silently
        missing = self.members - sum(cast.values()) - self.silently
        found = {**cast, "deemed": self.silently, "missing": missing}
        if not decides:
            return found
        tally = Tally(self.members, counted_for, cast["disagree"], cast["other"])
        head_choice = choices.get(self.head) if self.head else None
        verdict = decide(tally, head_choice, self.parameters)
        tied = verdict is Verdict.TIE_CONFIRM
        return {
            **found,
            "counted_for": counted_for,
            "percent_of_all": percent_of_all(counted_for, self.members),
            "threshold": threshold(self.members, self.parameters),
            "head_choice": head_choice,
            "outcome": (after_confirmation(head_choice) if tied else verdict).value,
            "by_head": tied,
        }

    def _pick(self, chosen: Sequence[int | None], options: Sequence[str]) -> dict[str, Any]:
        """Who is silent picks nothing, whatever silence counts as: there is nothing to agree to."""
        counts = [{"option": number, "text": option, "count": chosen.count(number)}
                  for number, option in enumerate(options, start=1)]  # fmt: skip
        return {"options": counts, "deemed": 0, "missing": self.members - len([each for each in chosen if each])}

    def _article(self, number: int, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        opined = {
            member: part["choice"]
            for member, answer in answers.items()
            for part in answer["articles"]
            if part["article"] == number
        }
        return {"article": number, **self._consent(opined, decides=False)}

    def _open(self, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """How many wrote or marked anything."""
        spoken = sum(bool(part["text"] or part["articles"]) for part in answers.values())
        return {"spoken": spoken, "deemed": 0, "missing": self.members - spoken}


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in _SHOWN_ROLL}


def _answer(entry: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_shown(entry),
        **copy.deepcopy({name: answer["statement"][name] for name in _ANSWERED}),
        "statement_sha256": answer["sha256"],
        "leaf_seq": answer["leaf_seq"],
        "leaf_hash": answer["leaf_hash"],
        "certificate_sha256": entry["certificate_sha256"],
    }
