"""The form in which a clerk composes a slip: what was typed comes back as it was, with the sentence at its field."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import request

from app.models import QuestionKind, Slip, Urgency
from app.views.parsing import BadField, form_code, form_id, form_text
from app.workflows.engine.errors import WorkflowError
from app.workflows.slips import MOST_QUESTIONS, Content, Question

LONGEST = 100_000  # letters of one field as it is sent; the acts judge what a text may hold
MOST_SENT = 40  # questions in one request, beyond what a slip may have
ABOVE = ""  # where a sentence is shown that belongs to no field
DEMANDED = "1"


@dataclass
class TypedQuestion:
    """One question as it stands in the form; `options` is one per line."""

    kind: QuestionKind = QuestionKind.CONSENT
    text: str = ""
    options: str = ""
    problem: str = ""


@dataclass
class TypedSlip:
    """What stands in the form. `main` is the number of the question that decides, 0 for the usual one."""

    matter: str = ""
    organisation_id: int | None = None
    legal_basis: str = ""
    urgency: Urgency = Urgency.NORMAL
    working_days: int | None = None
    passkey_demanded: bool = False
    questions: list[TypedQuestion] = field(default_factory=lambda: [TypedQuestion()])
    main: int = 0
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> Content:
        """For the acts, which judge it."""
        return Content(
            matter=self.matter, legal_basis=self.legal_basis, organisation_id=self.organisation_id,
            urgency=self.urgency, working_days=self.working_days, passkey_demanded=self.passkey_demanded,
            questions=[_question(each, number == self.main) for number, each in enumerate(self.questions, start=1)],
        )  # fmt: skip

    def refuse(self, refusal: WorkflowError) -> None:
        """Lay the sentence of an act at the field, or the question, that it is about."""
        number = refusal.details.get("number")
        if refusal.field == "questions" and isinstance(number, int) and 0 < number <= len(self.questions):
            self.questions[number - 1].problem = str(refusal)
        else:
            self.problems[refusal.field if refusal.field in SHOWN else ABOVE] = str(refusal)


SHOWN = frozenset({"matter", "legal_basis", "working_days", "questions", "title", "file"})


def of_content(content: Content) -> TypedSlip:
    """The form as it begins from a template."""
    return TypedSlip(
        matter=content.matter, organisation_id=content.organisation_id, legal_basis=content.legal_basis,
        urgency=content.urgency, working_days=content.working_days, passkey_demanded=content.passkey_demanded,
        questions=[TypedQuestion(each.kind, each.text, "\n".join(each.options)) for each in content.questions],
        main=next((number for number, each in enumerate(content.questions, start=1) if each.main), 0),
    )  # fmt: skip


def of_slip(slip: Slip) -> TypedSlip:
    """The form as it stands for a draft that was saved."""
    return TypedSlip(
        matter=slip.matter, organisation_id=slip.organisation_id, legal_basis=slip.legal_basis, urgency=slip.urgency,
        working_days=slip.working_days, passkey_demanded=slip.passkey_demanded,
        questions=[TypedQuestion(row.kind, row.text, "\n".join(row.options)) for row in slip.questions],
        main=next((row.position for row in slip.questions if row.main), 0),
    )  # fmt: skip


def typed_slip() -> TypedSlip:
    """What was sent; BadField for what no form of ours sends."""
    kinds, texts, options = (_sent(name) for name in ("kind", "text", "options"))
    if not len(kinds) == len(texts) == len(options) <= MOST_SENT:
        raise BadField("questions")
    if not set(kinds) <= {kind.value for kind in QuestionKind}:
        raise BadField("kind")
    rows = zip(kinds, texts, options, strict=True)
    return TypedSlip(
        matter=form_text("matter", LONGEST), organisation_id=form_id("organisation_id"),
        legal_basis=form_text("legal_basis", LONGEST), urgency=form_code("urgency", Urgency),
        working_days=form_id("working_days"), passkey_demanded=request.form.get("passkey_demanded") == DEMANDED,
        questions=[TypedQuestion(QuestionKind(kind), _lines(text), _lines(lines)) for kind, text, lines in rows],
        main=form_id("main") or 0,
    )  # fmt: skip


def arrange(typed: TypedSlip, do: str) -> None:
    """Add, take out or move a question, as a button says: "add", "drop-3", "up-3", "down-3"; typed text stays."""
    act, _dash, place = do.partition("-")
    if act == "add":
        if len(typed.questions) < MOST_QUESTIONS:
            typed.questions.append(TypedQuestion(QuestionKind.TEXT))
        return
    number = int(place) if place.isdecimal() and len(place) < 3 else 0  # noqa: PLR2004
    if act not in ("drop", "up", "down") or not 0 < number <= len(typed.questions):
        raise BadField("do")
    if act == "drop":
        _drop(typed, number)
    else:
        _swap(typed, number, number - 1 if act == "up" else number + 1)


def _drop(typed: TypedSlip, number: int) -> None:
    if len(typed.questions) == 1:
        return
    del typed.questions[number - 1]
    if typed.main == number:
        typed.main = 0
    elif typed.main > number:
        typed.main -= 1


def _swap(typed: TypedSlip, one: int, other: int) -> None:
    if not 0 < other <= len(typed.questions):
        return
    rows = typed.questions
    rows[one - 1], rows[other - 1] = rows[other - 1], rows[one - 1]
    typed.main = {one: other, other: one}.get(typed.main, typed.main)


def _question(typed: TypedQuestion, main: bool) -> Question:
    picks = typed.kind is QuestionKind.PICK
    options = _written(typed.options) if picks else ()
    return Question(typed.kind, typed.text, tuple(options), main and typed.kind is QuestionKind.CONSENT)


def _written(lines: str) -> Iterable[str]:
    return (line.strip() for line in lines.split("\n") if line.strip())


def _sent(name: str) -> list[str]:
    values = request.form.getlist(name)
    if any(len(value) > LONGEST or "\0" in value for value in values):
        raise BadField(name)
    return values


def _lines(value: str) -> str:
    return value.replace("\r\n", "\n")


def reason_typed() -> str:
    """The reason of an act, as it was sent; the act judges it."""
    return form_text("reason", LONGEST)


def main_number(typed: TypedSlip) -> int:
    """The number of the question that decides: the chosen one, else the first of agreeing or not; 0 without one."""
    asked = [number for number, each in enumerate(typed.questions, start=1) if each.kind is QuestionKind.CONSENT]
    return typed.main if typed.main in asked else next(iter(asked), 0)
