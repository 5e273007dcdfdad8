"""What the ministries put before the Government in the demo: the papers of a matter, and what the Office says of it."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from app.demo.presets import G2025_10
from app.demo.programme import Item, Paper, Vote
from app.gateways.paper import sample
from app.gateways.paper.dates import long_date
from app.gateways.paper.sample_texts import Article, Matter, matters
from app.models import DocumentKind, ItemKind
from app.workflows.rules.names import fold
from app.workflows.rules.resolution import resolution_text

APPRAISED = dt.timedelta(days=14)  # so long before the submission the Ministry of Justice reports
JUSTICE = "BTP"


def decision(number: int, day: dt.date, votes: tuple[Vote, ...] = (), chair: str = "", question: str = "") -> Item:
    """A matter (1 to 13) that is voted on, with its four papers submitted on a Hanoi date."""
    return _decision(matters()[number - 1], number, day, votes, chair, question)


def renewal(number: int, day: dt.date, was: dt.date, votes: tuple[Vote, ...]) -> Item:
    """The same matter again: what was resolved on an earlier day is adapted, and its Resolution replaced."""
    matter = matters()[number - 1]
    said, of = matter.resolution.removeprefix("Về "), long_date(was)
    replaces = Article("Thay thế văn bản", (f"Nghị quyết này thay thế Nghị quyết của Chính phủ {of} về {said}.",))
    again = replace(
        matter, title=f"Điều chỉnh {matter.title}", subject=f"điều chỉnh {matter.subject}",
        resolution=f"Về điều chỉnh {said}", articles=(*matter.articles, replaces),
    )  # fmt: skip
    return _decision(again, number + len(matters()), day, votes)


def reworded(old: str, new: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A change of a structured text that puts some words in the place of others."""

    def change(text: dict[str, Any]) -> dict[str, Any]:
        written = json.dumps(text, ensure_ascii=False)
        if old not in written:
            raise ValueError(f"the text does not say {old!r}")
        return dict(json.loads(written.replace(old, new)))

    return change


def _decision(
    matter: Matter, number: int, day: dt.date, votes: tuple[Vote, ...], chair: str = "", question: str = ""
) -> Item:
    return Item(
        title=matter.title, kind=ItemKind.DECISION, organisation=matter.abbreviation, summary=summary(matter),
        papers=_dossier(matter, _issue(number, matter, day)), votes=votes, minutes=30, chair=chair, question=question,
    )  # fmt: skip


def hearing(number: int, day: dt.date) -> Item:
    """A matter that is reported on, with the report and its brief."""
    matter = matters()[number - 1]
    issue = _issue(number, matter, day)
    name = matter.title.removeprefix("Báo cáo ")
    papers = (
        _paper(
            DocumentKind.REPORT, f"Báo cáo số {issue.number:02}/BC-{matter.abbreviation} về {name}",
            f"bao-cao-{issue.number:02}", sample.report, matter, issue,
        ),
        _paper(
            DocumentKind.BRIEF, f"Báo cáo tóm tắt về {name}", f"tom-tat-{issue.number:02}", sample.brief, matter, issue
        ),
    )  # fmt: skip
    return Item(matter.title, ItemKind.REPORT, matter.abbreviation, summary(matter), papers, minutes=25)


def revised_draft(number: int, day: dt.date, heading: str, clause: str) -> Paper:
    """The draft Resolution again, with a further clause in the article of that heading."""
    matter = matters()[number - 1]
    articles = tuple(
        replace(article, clauses=(*article.clauses, clause)) if article.heading == heading else article
        for article in matter.articles
    )
    return _draft(replace(matter, articles=articles), _issue(number, matter, day))


def draft_of_slip(number: int, day: dt.date) -> dict[str, Any]:
    """The draft Resolution of a matter (1 to 13) as structured text, as it goes to members with an opinion slip."""
    matter = matters()[number - 1]
    return resolution_text(**sample.resolution_fields(matter, _issue(number, matter, day)))


def with_clause(text: Mapping[str, Any], heading: str, clause: str) -> dict[str, Any]:
    """A structured text with a further clause in the article of that heading."""
    articles = [
        {**article, "clauses": [*article["clauses"], {"text": clause, "points": []}]}
        if article["heading"] == heading else article
        for article in text["articles"]
    ]  # fmt: skip
    return {**text, "articles": articles}


def summary(matter: Matter) -> str:
    """The note of the Government Office on an item, in three sentences."""
    points = "; ".join(map(_topic, matter.content))
    asked = "; ".join(map(_topic, matter.opinions))
    return (
        f"{matter.ministry} đề nghị Chính phủ {matter.proposal}. Nội dung chính: {points}. "
        f"Vấn đề còn ý kiến khác nhau: {asked}."
    )


def _topic(paragraph: str) -> str:
    return paragraph.partition(":")[0].removeprefix("Về ")


def _issue(number: int, matter: Matter, day: dt.date) -> sample.Issue:
    return sample.Issue(number=31 + number * 17, day=day, signer=_head_of(matter.abbreviation))


def _head_of(abbreviation: str) -> str:
    """The invented minister; the name of whoever holds the first post in that organisation."""
    figures = G2025_10.government.figures
    return next(figure.name for figure in figures if figure.posts and figure.posts[0].organisation == abbreviation)


def _dossier(matter: Matter, issue: sample.Issue) -> tuple[Paper, ...]:
    submitted = f"{issue.number:02}/TTr-{matter.abbreviation}"
    judged = sample.Issue(issue.number * 2 + 9, issue.day - APPRAISED, _deputy_of_justice())
    return (
        _paper(
            DocumentKind.SUBMISSION, f"Tờ trình số {submitted} về {matter.subject}", f"to-trinh-{issue.number:02}",
            sample.submission, matter, issue,
        ),
        _paper(
            DocumentKind.BRIEF, f"Tờ trình tóm tắt về {matter.subject}", f"tom-tat-{issue.number:02}", sample.brief,
            matter, issue,
        ),
        _draft(matter, issue),
        _paper(
            DocumentKind.APPRAISAL, f"Báo cáo thẩm định số {judged.number:02}/BC-BTP về {matter.subject}",
            f"tham-dinh-{judged.number:02}", sample.appraisal, matter, judged,
        ),
    )  # fmt: skip


def _draft(matter: Matter, issue: sample.Issue) -> Paper:
    said = matter.resolution[:1].lower() + matter.resolution[1:]
    kind, title = DocumentKind.DRAFT_RESOLUTION, f"Dự thảo Nghị quyết {said}"
    printed = _paper(kind, title, f"du-thao-nghi-quyet-{issue.number:02}", sample.draft_resolution, matter, issue)
    return replace(printed, text=lambda: resolution_text(**sample.resolution_fields(matter, issue)))


def _deputy_of_justice() -> str:
    handle = f"thutruong.{fold(JUSTICE)}"
    return next(figure.name for figure in G2025_10.government.figures if figure.handle == handle)


def _paper(
    kind: DocumentKind,
    title: str,
    stem: str,
    make: Callable[[Matter, sample.Issue], bytes],
    matter: Matter,
    issue: sample.Issue,
) -> Paper:
    return Paper(kind, title, partial(make, matter, issue), f"{stem}-{fold(matter.abbreviation)}.pdf")
