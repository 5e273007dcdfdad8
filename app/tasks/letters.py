"""Letters of notices and digests as mail programs show them: subject, plain text, HTML; in the language in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from jinja2 import Environment

from app.gateways.paper import DigestSheet, Entry, Part
from app.workflows.digest_words import sheet_of
from app.workflows.rules.digest import DigestContent

MOST = 40  # lines of a part; the rest is counted
SETTINGS = "/notices/settings"


@dataclass(frozen=True)
class Letter:
    """A letter without its addresses; `subject` is one line."""

    subject: str
    text: str
    html: str


def notice_letter(headline: str, about: str, path: str, name: str, base_url: str) -> Letter:
    """One fact: its sentence, what it is about, where to go on; called within a language."""
    where = {"label": _("Open in e-Cabinet"), "url": _address(base_url, path)}
    said = {"headline": headline, "about": about, "action": where, "greeting": _greeting(name)}
    return _letter("notice", headline, base_url, body=_("Notice"), **said)


def digest_letter(content: dict[str, Any], digest_id: int, base_url: str) -> Letter:
    """A digest as kept (DigestContent.as_dict); called within a language."""
    sheet = sheet_of(DigestContent.parse(content))
    return _letter(
        "digest", f"{sheet.name}: {sheet.about}", base_url, body=sheet.body, name=sheet.name, about=sheet.about,
        greeting=_greeting(sheet.person), parts=_parts(sheet, base_url),
        action={"label": _("Open the whole digest"), "url": _address(base_url, f"/digests/{digest_id}")},
    )  # fmt: skip


def _letter(kind: str, subject: str, base_url: str, **said: Any) -> Letter:
    subject = " ".join(subject.split())
    said |= {
        "subject": subject, "language": get_locale().language, "foot": _foot(),
        "settings": {"label": _("Choose what is sent to you and how"), "url": _address(base_url, SETTINGS)},
        "demo": _("Demonstration – invented data, no legal effect") if current_app.config["DEMO"] else "",
    }  # fmt: skip
    pages = _pages(current_app.jinja_env)
    text, html = (pages.get_template(f"mail/{kind}.{form}").render(said) for form in ("txt", "html"))
    return Letter(subject, text.strip() + "\n", html)


@lru_cache(maxsize=4)
def _pages(environment: Environment) -> Environment:
    """Templates without what Flask puts into every page: there is no request here; lines of statements leave none."""
    return environment.overlay(trim_blocks=True, lstrip_blocks=True)


def _foot() -> Sequence[str]:
    return (
        _("This letter was sent by e-Cabinet by itself; answers to it are not read."),
        _("It is meant for you alone: do not pass it on."),
    )


def _greeting(name: str) -> str:
    return _("Dear %(name)s,", name=name)


def _address(base_url: str, path: str) -> str:
    return base_url.rstrip("/") + path


def _parts(sheet: DigestSheet, base_url: str) -> list[dict[str, Any]]:
    return [
        {
            "title": part.title, "more": _more(part), "timed": part.timed,
            "entries": [_entry(entry, part, base_url) for entry in part.entries[:MOST]],
        }
        for part in sheet.parts
    ]  # fmt: skip


def _more(part: Part) -> str:
    left_out = len(part.entries) - MOST
    return _("… and %(n)s more", n=left_out) if left_out > 0 else ""


def _entry(entry: Entry, part: Part, base_url: str) -> dict[str, Any]:
    lead = "       – " if entry.below else f"{entry.time:<7}" if part.timed else "- "
    return {
        "title": entry.title, "note": entry.note, "time": entry.time, "below": entry.below,
        "url": _address(base_url, entry.address), "lead": lead,
        "marked": f" ({', '.join(entry.marks)})" if entry.marks else "",
    }  # fmt: skip
