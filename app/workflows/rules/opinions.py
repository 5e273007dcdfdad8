"""Which opinions stand in the signed answers to a slip, and whether what is listed of them adds up to the result."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.workflows.rules.slip import ARTICLES, CONSENT
from app.workflows.rules.tally import CHOICES

WHOLE = 0  # in the place of an article: the opinion is on the question itself


@dataclass(frozen=True)
class Opinion:
    """A text that somebody wrote in the standing answer: roll code, question, article (0: none) and what was chosen."""

    member: str
    question: int
    article: int
    choice: str | None
    text: str


def opinions_in(statements: Iterable[Mapping[str, Any]]) -> list[Opinion]:
    """Every text of the standing answers, by question, article and place on the roll; each exactly once (rule:R64)."""
    found = [opinion for said in statements for part in said["answers"] for opinion in _of_part(said["member"], part)]
    return sorted(found, key=lambda one: (one.question, one.article, int(one.member[1:])))


def _of_part(member: str, part: Mapping[str, Any]) -> list[Opinion]:
    written = [Opinion(member, part["question"], WHOLE, part["choice"], part["text"])] if part["text"] else []
    return written + [
        Opinion(member, part["question"], each["article"], each["choice"], each["text"])
        for each in part["articles"]
        if each["text"]
    ]


def contradictions(
    result: Mapping[str, Any], statements: Iterable[Mapping[str, Any]], listed: Sequence[Opinion]
) -> list[str]:
    """What the list says otherwise than the result and the signed answers, by place such as "1" or "2.3" (rule:R64).

    Compared are the opinions of each place, and for every question and article the three choices; cast, deemed and
    missing must add up to all members.
    """
    answers = list(statements)
    wanted, found = Counter(opinions_in(answers)), Counter(listed)
    wrong = {_place(one.question, one.article) for one in (wanted - found) + (found - wanted)}
    for question in result["questions"]:
        parts = [part for said in answers for part in said["answers"] if part["question"] == question["index"]]
        if question["kind"] == CONSENT and _differs(question, [part["choice"] for part in parts], result["members"]):
            wrong.add(_place(question["index"], WHOLE))
        for article in question["articles"] if question["kind"] == ARTICLES else []:
            chosen = [each["choice"] for part in parts for each in part["articles"]
                      if each["article"] == article["article"]]  # fmt: skip
            if _differs(article, chosen, result["members"]):
                wrong.add(_place(question["index"], article["article"]))
    return sorted(wrong)


def _differs(counted: Mapping[str, Any], chosen: Sequence[str | None], members: int) -> bool:
    again = {choice: chosen.count(choice) for choice in CHOICES}
    whole = sum(again.values()) + counted["deemed"] + counted["missing"]
    return whole != members or any(counted[choice] != number for choice, number in again.items())


def _place(question: int, article: int) -> str:
    return f"{question}.{article}" if article else str(question)
