"""What is frozen when an opinion slip is issued, and what members sign as their answer: built and read back exactly."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.workflows.rules.ballot import check_roll, may_reserve, roll_code, roll_entry
from app.workflows.rules.calendar import parse_utc
from app.workflows.rules.canonical import canonical, parse_canonical, tagged_digest
from app.workflows.rules.opinion_text import LONGEST_OPINION, clean_opinion
from app.workflows.rules.passkey import PIN, PIN_AND_PASSKEY
from app.workflows.rules.schema import (
    Check,
    day,
    flag,
    identifier,
    list_of,
    moment,
    nonce,
    one_of,
    optional,
    pattern,
    record,
    sha256_hex,
    sha256_tagged,
    text,
    whole,
)
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.tally import CHOICES

SLIP_CONTEXT = "vn.ecabinet.slip.v1"
ANSWER_CONTEXT = "vn.ecabinet.slip-answer.v1"
CONSENT, PICK, TEXT, ARTICLES = KINDS = ("consent", "pick", "text", "articles")
MOST_QUESTIONS, MOST_OPTIONS, MOST_ARTICLES, MOST_PAPERS, MOST_ATTACHMENTS = 20, 20, 500, 50, 10
FEWEST_OPTIONS = 2
LARGEST_ANSWER = 4 << 20  # bytes of a signed answer


def _opinion(most: int, *, empty: bool = False, lines: bool = False) -> Check:
    """Text of the kind of `schema.text` that hides nothing (rule:R61)."""
    inner = text(most, empty=empty, lines=lines)
    return lambda value: inner(clean_opinion(value) if isinstance(value, str) else value)


def _parameters(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be an object")
    return SlipParameters.parse(value).as_dict()


_name = text(500)
_title = _opinion(500)
_said = _opinion(LONGEST_OPINION, empty=True, lines=True)
_choice = optional(one_of(*CHOICES))
_definition = record(
    v=one_of(1),
    ctx=one_of(SLIP_CONTEXT),
    slip_id=identifier,
    number=text(60),
    round=identifier,
    previous=optional(sha256_tagged),
    body=record(code=text(50), name=_name, place=text(100)),
    matter=_title,
    organisation=optional(record(abbreviation=text(50), name=_name)),
    legal_basis=_opinion(4000, empty=True, lines=True),
    urgency=one_of("normal", "urgent", "very_urgent", "express"),
    questions=list_of(
        record(
            index=identifier,
            kind=one_of(*KINDS),
            text=_opinion(4000, lines=True),
            options=list_of(_title, MOST_OPTIONS),
            main=flag,
        ),
        MOST_QUESTIONS,
    ),
    articles=list_of(record(index=identifier, label=text(50), title=_opinion(500, empty=True)), MOST_ARTICLES),
    papers=list_of(
        record(title=_name, version=identifier, sha256=sha256_hex, pages=identifier, draft=flag), MOST_PAPERS
    ),
    rule_set=record(
        code=text(50), valid_from=day, legal_source=text(4000, lines=True), confirmed=flag, parameters=_parameters
    ),
    roll=list_of(roll_entry),
    issued_at=moment,
    issued_by=_name,
    deadline_at=moment,
    evidence=one_of(PIN, PIN_AND_PASSKEY),
    software=text(100),
)
_answer = record(
    v=one_of(1),
    ctx=one_of(ANSWER_CONTEXT),
    type=one_of("slip_answer"),
    slip_id=identifier,
    slip_hash=sha256_tagged,
    member=pattern(r"M[0-9]{2,4}", "a roll code like M07"),
    roll_index=identifier,
    answers=list_of(
        record(
            question=identifier,
            choice=_choice,
            option=optional(identifier),
            text=_said,
            articles=list_of(record(article=identifier, choice=_choice, text=_said), MOST_ARTICLES),
        ),
        MOST_QUESTIONS,
    ),
    reservation=flag,
    attachments=list_of(record(name=_opinion(255), sha256=sha256_hex, size=whole(1)), MOST_ATTACHMENTS),
    supersedes=optional(sha256_tagged),
    seen=record(size=identifier, root=sha256_hex),
    nonce=nonce,
    server_time=moment,
)


def slip_definition(**fields: Any) -> dict[str, Any]:
    """What is frozen when a slip is issued; `v` and `ctx` are filled in, every other member is required.

    `questions` [{index, kind, text, options, main}], numbered from 1: options belong to "pick" alone, and one question
    of kind "consent" is the main one that decides, if there is any. `articles` [{index, label, title}] are those of the
    attached draft. `papers` [{title, version, sha256, pages, draft}]. `previous` is the tagged digest of the definition
    of the round before, null in the first one. ValueError for anything else.
    """
    return _checked_definition({"v": 1, "ctx": SLIP_CONTEXT, **fields})


def answer_statement(**fields: Any) -> dict[str, Any]:
    """The answer of one member, phiếu trả lời; `v`, `ctx` and `type` are filled in.

    `answers` [{question, choice, option, text, articles [{article, choice, text}]}], one for each question in order;
    what does not belong to the kind of the question is null or empty. `check_answer` compares it with its slip.
    """
    return _checked_answer({"v": 1, "ctx": ANSWER_CONTEXT, "type": "slip_answer", **fields})


def parse_slip_definition(data: bytes) -> dict[str, Any]:
    """Read canonical bytes back; ValueError for any that `slip_definition` would not have written."""
    return _exact(_checked_definition, data)


def parse_answer(data: bytes) -> dict[str, Any]:
    """Read canonical bytes back; ValueError for any that `answer_statement` would not have written."""
    if len(data) > LARGEST_ANSWER:
        raise ValueError(f"an answer has at most {LARGEST_ANSWER} bytes")
    return _exact(_checked_answer, data)


def slip_hash(definition: Mapping[str, Any]) -> str:
    """The digest that answers, leaves and the next round name a slip by: sha256:<hex>."""
    return tagged_digest(canonical(dict(definition)))


def main_question(definition: Mapping[str, Any]) -> int | None:
    """The number of the question that decides; None for a slip that asks nobody's consent."""
    return next((question["index"] for question in definition["questions"] if question["main"]), None)


def check_answer(definition: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Whether an answer fits the slip it is for; ValueError says what does not (rule:R15, rule:R62)."""
    AnswerCheck(definition)(answer)


class AnswerCheck:
    """`check_answer` for many answers to one slip: its hash and roll are worked out once.

    The question that decides must be answered. Others may be left open, but an answer says something (rule:R62).
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._slip = (definition["slip_id"], slip_hash(definition))
        self._indexes = {entry["member"]: entry["index"] for entry in definition["roll"]}
        self._questions, self._articles = definition["questions"], len(definition["articles"])
        self._main = main_question(definition)

    def __call__(self, answer: Mapping[str, Any]) -> None:
        if (answer["slip_id"], answer["slip_hash"]) != self._slip:
            raise ValueError("the answer is for another slip")
        if self._indexes.get(answer["member"]) != answer["roll_index"]:
            raise ValueError("the answer is of nobody on the roll")
        if [each["question"] for each in answer["answers"]] != [question["index"] for question in self._questions]:
            raise ValueError("answers: one for each question, in order")
        for question, each in zip(self._questions, answer["answers"], strict=True):
            _check_part(question, each, self._articles)
        _check_reservation(self._main, answer)
        if not (any(map(_says, answer["answers"])) or answer["attachments"]):
            raise ValueError("an answer says something")


def article_choice(choice: str | None, said: str) -> str | None:
    """Whoever writes about an article without choosing has another view of it (rule:R76)."""
    return choice or ("other" if said else None)


def _check_part(question: Mapping[str, Any], each: Mapping[str, Any], articles: int) -> None:
    kind, place = question["kind"], f"answer {question['index']}"
    if each["choice"] is not None and kind != CONSENT:
        raise ValueError(f"{place}: a choice belongs to a question of consent")
    if each["option"] is not None and (kind != PICK or each["option"] > len(question["options"])):
        raise ValueError(f"{place}: none of the options")
    numbers = [part["article"] for part in each["articles"]]
    if numbers and (kind != ARTICLES or numbers[-1] > articles):
        raise ValueError(f"{place}: none of the articles")
    if question["main"] and each["choice"] is None:
        raise ValueError(f"{place}: the question that decides must be answered")


def _check_reservation(main: int | None, answer: Mapping[str, Any]) -> None:
    chosen = None if main is None else answer["answers"][main - 1]["choice"]
    if answer["reservation"] and (chosen is None or not may_reserve(chosen)):
        raise ValueError("reservation: who does not answer otherwise than with agreement has nothing to reserve")


def _says(each: Mapping[str, Any]) -> bool:
    return bool(each["choice"] or each["option"] or each["text"] or each["articles"])


def _exact(check: Check, data: bytes) -> dict[str, Any]:
    """Canonical bytes whose every text is already clean: what was shown is what was signed."""
    value = parse_canonical(data)
    found: dict[str, Any] = check(value)
    if found != value:
        raise ValueError("a text holds space at its ends")
    return found


def _checked_definition(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _definition(value)
    check_roll(found["roll"])
    if not found["roll"]:
        raise ValueError("roll: nobody is asked")
    _check_questions(found["questions"], bool(found["articles"]))
    for name in ("questions", "articles"):
        _check_numbers(name, [each["index"] for each in found[name]])
    if (found["round"] == 1) != (found["previous"] is None):
        raise ValueError("previous: every round but the first names the one before")
    if sum(paper["draft"] for paper in found["papers"]) > 1:
        raise ValueError("papers: one draft at most")
    if parse_utc(found["issued_at"]) >= parse_utc(found["deadline_at"]):
        raise ValueError("deadline_at: must be after issued_at")
    return found


def _check_questions(questions: Sequence[Mapping[str, Any]], with_articles: bool) -> None:
    if not questions:
        raise ValueError("questions: nothing is asked")
    for question in questions:
        place, options = f"questions: {question['index']}", question["options"]
        if (question["kind"] == PICK) != (len(options) >= FEWEST_OPTIONS) or (options and question["kind"] != PICK):
            raise ValueError(f"{place}: two options or more belong to a question to pick from, and to no other")
        if len({option.casefold() for option in options}) != len(options):
            raise ValueError(f"{place}: two options are alike")
        if question["kind"] == ARTICLES and not with_articles:
            raise ValueError(f"{place}: there is no draft whose articles could be asked about")
    deciding = [question["kind"] for question in questions if question["main"]]
    if deciding != [CONSENT] * any(question["kind"] == CONSENT for question in questions):
        raise ValueError("questions: one question of consent decides, if there is any")


def _check_numbers(name: str, numbers: Sequence[int]) -> None:
    if list(numbers) != list(range(1, len(numbers) + 1)):
        raise ValueError(f"{name}: must be numbered from 1 without gaps")


def _checked_answer(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _answer(value)
    if found["member"] != roll_code(found["roll_index"]):
        raise ValueError("member and roll_index: must name one roll entry")
    _check_numbers("answers", [each["question"] for each in found["answers"]])
    for each in found["answers"]:
        numbers = [part["article"] for part in each["articles"]]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"answer {each['question']}: articles in order, each once")
        if not all(part["choice"] or part["text"] for part in each["articles"]):
            raise ValueError(f"answer {each['question']}: an article without an opinion is left out")
    for name in ("name", "sha256"):
        if len({attached[name] for attached in found["attachments"]}) != len(found["attachments"]):
            raise ValueError(f"attachments: two with one {name}")
    return found
