"""The Vietnamese catalogue says everything the application says, correctly filled in, and nothing else."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from scripts.translations import OTHERS, said, stored

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[a-z]|\{\w*\}")
LETTER = re.compile(r"[^\W\d_]")
WORD = re.compile(r"[^\W\d_]{2,}")
ENDS = ".!?:…"
ABBREVIATED = 2  # so few words may end in the full stop of an abbreviation, or in a question mark, as a label does
# Vietnamese syllables that are spelt like an English word, and names that both languages use.
BOTH = {"an", "in", "do", "to", "ban", "the", "on", "no"}
NAMES = {
    "csrf", "https", "id", "ip", "kb", "ldap", "mac", "mb", "mm", "openid", "passkey", "pdf", "pin", "png", "pt", "sha",
    "unicode", "uuid", "zip", "times", "new", "roman",
}  # fmt: skip
TECHNICAL = {  # names of programs, protocols and units that an operator reads in the manuals of others
    "acl", "admin", "beat", "cabinet", "celery", "chrony", "chronyc", "cookie", "excel", "gib", "httponly", "info",
    "ipad", "iphone", "json", "lt", "lta", "maxmemory", "noeviction", "pades", "percent", "pkcs", "policy",
    "postgresql", "redis", "root",
    "samesite", "secure", "setuser", "sms", "socket", "sqlite", "timedatectl", "tls", "tzdata", "url", "utf", "vapid",
    "web", "xlsx",
}  # fmt: skip
TYPED = re.compile(  # what is typed or set as it stands: variables, options, commands, values
    r"ECABINET_\w+|--[\w-]+|\b[a-z]+://|\bflask(?: [a-z-]+)+|\bpython -m [\w.]+(?: \w+)?|\btls=\w+|\bmake run\b"
    r"|\bmailto:|\b(?:government|province)\b|Hỏa tốc"
)
OFFICIAL = {"cp", "kt", "ktth", "nđ", "tl", "tm", "tuq", "vt"}  # abbreviations that stand on Vietnamese documents
QUOTED = re.compile("“[^”]*”")  # words of the documents themselves
FORBIDDEN = {
    "không biểu quyết": "a member without a ballot is “chưa bỏ phiếu” or “không bỏ phiếu”",
    "người dự thay": "“người dự họp thay”",
    "quý vị": "people are addressed as “đồng chí”",
    "vui lòng": "requests open with “đề nghị”",
    "kỳ họp": "a meeting is a “phiên họp”",
    "hủy bỏ": "“hủy”",
    "công việc nền": "“việc nền”",
    "gói bằng chứng": "“gói chứng cứ”, see docs/glossary.md",
}


@cache
def vietnamese() -> Catalog:
    return stored()


def messages() -> list[Message]:
    return [message for message in vietnamese() if message.id]


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def pairs() -> Iterator[tuple[str, str]]:
    """Each English message beside its Vietnamese."""
    for message in messages():
        yield forms(message.id)[0], forms(message.string)[0]


def keys(catalogue: Catalog) -> set[tuple[str, str | None]]:
    return {(forms(message.id)[0], message.context) for message in catalogue if message.id}


def words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(PLACEHOLDER.sub(" ", text))}


def test_everything_that_is_said_stands_in_the_catalogue():
    """`make translations` adds what is missing."""
    assert keys(said()) - keys(vietnamese()) == set()


def test_the_catalogue_holds_nothing_that_nobody_says():
    assert keys(vietnamese()) - keys(said()) == set()
    assert list(vietnamese().obsolete) == []


@pytest.mark.parametrize("name", ["app", *OTHERS])
def test_messages_are_found_in_every_source(name):
    found = [message for message in said() if any(path.startswith(f"{name}/") for path, _line in message.locations)]
    assert len(found) > 1


def test_every_message_has_its_vietnamese():
    assert [message.id for message in messages() if not all(forms(message.string))] == []


def test_no_translation_is_a_guess():
    assert [message.id for message in messages() if message.fuzzy] == []


def test_no_translation_repeats_the_english():
    assert [said for said, text in pairs() if said == text and LETTER.search(PLACEHOLDER.sub("", said))] == []


def _said(text: str) -> str:
    """Without what is quoted and what is typed."""
    return TYPED.sub(" ", QUOTED.sub("", text))


def test_no_english_word_is_left_in_a_translation():
    known = BOTH | NAMES | OFFICIAL | TECHNICAL
    left = {said: words(_said(said)) & words(_said(text)) - known for said, text in pairs()}
    assert {said: found for said, found in left.items() if found} == {}


def test_every_placeholder_is_filled_in_both_languages():
    """The same names on both sides; Vietnamese may put them in another order."""
    wrong = [
        message.id
        for message in messages()
        if any(
            sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(form))
            for text in forms(message.string)
            for form in forms(message.id)
        )
    ]
    assert wrong == []


def test_translations_begin_and_end_as_the_english_does():
    """The same blanks at both ends, and a sentence stays a sentence."""

    def frame(text: str, is_sentence: bool) -> tuple[str, str, str]:
        end = text.rstrip()[-1:]
        blanks = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return *blanks, end if is_sentence and end in ENDS else ""

    sentences = {said: len(WORD.findall(said)) > ABBREVIATED for said, _ in pairs()}
    wrong = [said for said, text in pairs() if frame(said, sentences[said]) != frame(text, sentences[said])]
    assert wrong == []


def test_every_translation_is_composed_unicode_without_double_blanks():
    assert [text for _, text in pairs() if not unicodedata.is_normalized("NFC", text) or "  " in text] == []


def test_translations_keep_to_the_words_of_the_glossary():
    used = [(text, wrong, right) for _, text in pairs() for wrong, right in FORBIDDEN.items() if wrong in text.lower()]
    assert used == []


def test_one_sentence_is_not_translated_in_two_ways():
    """A context tells meanings apart; without one, a message that differs in its full stop alone reads the same."""
    seen: dict[str, set[str]] = {}
    for message in messages():
        if message.context is None:
            bare = forms(message.id)[0].rstrip(".")
            seen.setdefault(bare, set()).add(forms(message.string)[0].rstrip("."))
    assert {said: texts for said, texts in seen.items() if len(texts) > 1} == {}


def test_vietnamese_has_one_form_for_every_number():
    assert vietnamese().num_plurals == 1
    assert [message.id for message in messages() if message.pluralizable and len(message.string) != 1] == []


def test_evidence_has_one_name():
    """`bằng chứng thư` is another thing: by a certificate."""
    told = [message for message in messages() if "evidence" in " ".join(forms(message.id)).lower()]
    odd = [message.id for message in told if re.search("bằng chứng(?! thư)", " ".join(forms(message.string)).lower())]
    assert (odd, len(told) > 10) == ([], True)


@pytest.mark.parametrize("folder", ["app", "docs", "tools"])
def test_sources_and_papers_call_the_bundle_by_the_same_name(folder):
    kinds = {".py", ".md", ".html", ".js"}
    files = [file for file in (ROOT / folder).rglob("*") if file.suffix in kinds]
    assert [file.name for file in files if re.search("gói bằng chứng", file.read_text(encoding="utf-8"), re.I)] == []
    assert files
