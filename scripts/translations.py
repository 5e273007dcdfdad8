"""Brings the Vietnamese catalogue up to date with what the code says; `make translations` runs it.

Collects the messages of app/, of Flask-AppBuilder, of WTForms and of Flask-WTF, keeps the translations that stand,
drops what nobody says any more, and leaves new messages empty: the last lines printed name them. No translation is ever
guessed from a similar message.
"""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "translations" / "vi" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "__": None, "lazy_pgettext": ((1, "c"), 2), "_p": ((1, "c"), 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}}
OTHERS = ("flask_appbuilder", "wtforms", "flask_wtf")
HEADER = "# The Vietnamese of e-Cabinet. `make translations` brings it up to date with the code."


@cache
def said() -> Catalog:
    """Every message once, with the files that say it; those of libraries open with the library's name."""
    found = Catalog(project="e-Cabinet", charset="utf-8", fuzzy=False)
    for folder in (ROOT / "app", *_folders_of_others()):
        for name, _line, message, remarks, context in _said_in(folder):
            if message:
                found.add(message, None, [(f"{folder.name}/{name}", 0)], auto_comments=remarks, context=context)
    return found


def _folders_of_others() -> Iterator[Path]:
    for name in OTHERS:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(name)
        yield Path(spec.origin).parent


def _said_in(folder: Path) -> Iterator[tuple]:
    return extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True)


def stored() -> Catalog:
    """The Vietnamese catalogue as it stands in the repository."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="vi")


def renewed() -> Catalog:
    """The stored catalogue with exactly the messages that are said now."""
    catalogue = stored()
    catalogue.update(said(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.header_comment = HEADER
    return catalogue


def write(catalogue: Catalog) -> None:
    """One message after the other in alphabetical order, so that two changes seldom meet in one place."""
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, include_lineno=False)


def untranslated(catalogue: Catalog) -> list[Message]:
    """The messages without a word of Vietnamese."""
    return [message for message in catalogue if message.id and not any(_forms(message.string))]


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def main() -> None:
    catalogue = renewed()
    write(catalogue)
    missing = untranslated(catalogue)
    print(f"{len(catalogue)} messages, {len(missing)} without a translation")
    for message in missing:
        print(f"  {message.context or ''}|{message.id}")


if __name__ == "__main__":
    main()
