"""What is typed into a slip, as a script or a form sends it: one part for each question, and nothing else."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import request

from app.models import Choice, Slip
from app.views.errors import problem
from app.views.parsing import BadField, Sent, form_code, form_id, form_text
from app.workflows.opinion_texts import LegacyText, OfferedText, opinion
from app.workflows.rules.slip import MOST_ARTICLES, MOST_ATTACHMENTS, MOST_OPTIONS, MOST_QUESTIONS, article_choice
from app.workflows.slip_answers import Said

LARGEST_REQUEST = 900 * 1024  # bytes; a form and its headers stay below a megabyte
LONGEST_TYPED = 400_000  # letters of one text as it may be sent; the acts judge what may be signed
MOST_FIELDS = 600
PARTS = ("question", "choice", "option", "text", "articles")
CONTENT = ("answers", "reservation", "uploads")
DEVICE = re.compile(r"[0-9a-f]{8}")

Content = dict[str, Any]


def content_of(sent: Sent) -> Content:
    """{answers, reservation, uploads} of a script; BadField for a part of another form."""
    parts = sent.records("answers", MOST_QUESTIONS, *PARTS)
    return {
        "answers": [_part(part) for part in parts],
        "reservation": sent.flag("reservation"),
        "uploads": list(sent.wholes("uploads", MOST_ATTACHMENTS)),
    }


def form_content(asked: Mapping[str, Any]) -> Content:
    """The same of a form that was sent without a script."""
    numbers = [article["index"] for article in asked["articles"]]
    uploads = request.form.getlist("upload")
    if len(uploads) > MOST_ATTACHMENTS or not all(re.fullmatch("[0-9]{1,9}", each) for each in uploads):
        raise BadField("upload")
    return {
        "answers": [_form_part(question, numbers) for question in asked["questions"]],
        "reservation": bool(request.form.get("reservation")),
        "uploads": [int(each) for each in uploads],
    }


def said_of(slip: Slip, content: Content, as_typed: Collection[str] = ()) -> Said:
    """What may be signed of it: articles without an opinion are left out, texts are cleaned (rule:R61, rule:R63).

    An article that is only written about is marked as the rules have it (rule:R76), and shown so before it is signed.
    `as_typed` are the fields whose text looks like an old encoding and is meant. OfferedText names the first field that
    cannot stay as it is.
    """
    texts = {name: opinion(slip, typed, name, ask=name not in as_typed) for name, typed in texts_of(content)}
    answers = []
    for part in content["answers"]:
        number = part["question"]
        articles = []
        for each in sorted(part["articles"], key=lambda each: each["article"]):
            text = texts[f"text-{number}-{each['article']}"]
            if choice := article_choice(each["choice"], text):
                articles.append({"article": each["article"], "choice": choice, "text": text})
        answers.append({**part, "text": texts[f"text-{number}"], "articles": articles})
    return Said(answers, content["reservation"], content["uploads"])


def offers(slip: Slip, content: Content, as_typed: Collection[str] = ()) -> list[dict[str, Any]]:
    """Of every text that cannot be signed as it is: field, code, sentence, and the text that is offered instead."""
    found = []
    for name, typed in texts_of(content):
        try:
            opinion(slip, typed, name, ask=name not in as_typed)
        except OfferedText as refused:
            found.append(offered(refused))
    return found


def offered(refused: OfferedText) -> dict[str, Any]:
    """A refusal as JSON, with the text that the page offers; nobody keeps that text but the page."""
    told = problem(refused)
    return told | {"details": told["details"] | {"offered": refused.offered, "ask": isinstance(refused, LegacyText)}}


def texts_of(content: Content) -> Iterator[tuple[str, str]]:
    """Every typed text under the name of its field: text-2 of a question, text-2-3 of an article."""
    for part in content["answers"]:
        yield f"text-{part['question']}", part["text"]
        for each in part["articles"]:
            yield f"text-{part['question']}-{each['article']}", each["text"]


def with_offered(slip: Slip, content: Content, field: str) -> Content:
    """The same with the text that is offered for one field in its place; unchanged where nothing is offered."""
    texts = {each["field"]: each["details"]["offered"] for each in offers(slip, content) if each["field"] == field}
    return {**content, "answers": [_with_texts(part, texts) for part in content["answers"]]}


def _with_texts(part: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    number = part["question"]
    articles = [{**each, "text": texts.get(f"text-{number}-{each['article']}", each["text"])}
                for each in part["articles"]]  # fmt: skip
    return {**part, "text": texts.get(f"text-{number}", part["text"]), "articles": articles}


def fields_of(sent: Sent) -> tuple[str, ...]:
    """The fields whose text is meant as it was typed."""
    return sent.words("as_typed", MOST_FIELDS)


def device_of(sent: Sent) -> str:
    """The number that a browser gave itself, to tell devices of one kind apart; eight hex digits."""
    said = sent.text("device", 8)
    if not DEVICE.fullmatch(said):
        raise BadField("device")
    return said


def _part(sent: Sent) -> dict[str, Any]:
    return {
        "question": sent.whole("question"),
        "choice": _choice(sent),
        "option": _option(sent.whole("option")) if sent.given("option") else None,
        "text": sent.text("text", LONGEST_TYPED, ""),
        "articles": [_article(each) for each in sent.records("articles", MOST_ARTICLES, "article", "choice", "text")],
    }


def _article(sent: Sent) -> dict[str, Any]:
    return {"article": sent.whole("article"), "choice": _choice(sent), "text": sent.text("text", LONGEST_TYPED, "")}


def _choice(sent: Sent) -> str | None:
    return sent.code("choice", Choice).value if sent.given("choice") else None


def _option(number: int) -> int:
    if number > MOST_OPTIONS:
        raise BadField("option")
    return number


def _form_part(question: Mapping[str, Any], articles: list[int]) -> dict[str, Any]:
    number, kind = question["index"], question["kind"]
    return {
        "question": number,
        "choice": _form_choice(f"choice-{number}") if kind == "consent" else None,
        "option": form_id(f"option-{number}") if kind == "pick" else None,
        "text": form_text(f"text-{number}", LONGEST_TYPED),
        "articles": [
            {"article": each, "choice": _form_choice(f"choice-{number}-{each}"),
             "text": form_text(f"text-{number}-{each}", LONGEST_TYPED)}
            for each in (articles if kind == "articles" else [])
        ],
    }  # fmt: skip


def _form_choice(name: str) -> str | None:
    return form_code(name, Choice).value if request.form.get(name) else None
