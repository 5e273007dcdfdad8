"""Whether the text of a Resolution says everything that an official document must say, and nothing unfinished."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from app.workflows.rules.resolution import POINT_LETTERS, RUNNING_ENDS, annex_name, formula, roman

BASE_OPENINGS = ("Căn cứ", "Theo đề nghị", "Xét", "Trên cơ sở")
RECORDS_OFFICE = "VT"  # văn thư keeps the original, whoever else keeps a copy
_VOTE = ("Trên cơ sở kết quả biểu quyết", "Trên cơ sở kết quả lấy ý kiến bằng phiếu")
_SYMBOL = re.compile(r"[A-ZĐ][A-Za-zĐđ]*-[A-ZĐ][A-Za-zĐđ]*")
_AND_SO_ON = re.compile(r"v\.v[.…]*")
_UNFINISHED = re.compile(
    r"…|\.{2,}|_{2,}|\?{2,}|#{2,}|\[[^\]]*\]|\{[^}]*\}|<[^\s<>][^<>]*>|\bx{3,}\b|\btbd\b|\blorem\b", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"(?:điểm ([a-zđ]) )?(?:khoản (\d{1,4}) )?Điều (?:(\d{1,4})(?: của)? Nghị quyết này|(này)\b)", re.IGNORECASE
)
_ANNEX_REFERENCE = re.compile(r"Phụ lục ([IVXL]+) (?:ban hành )?kèm theo Nghị quyết này", re.IGNORECASE)
_IN_FORCE = re.compile(r"có hiệu lực", re.IGNORECASE)


class Finding(NamedTuple):
    """One check: `found` is what speaks against it, with its place, `wanted` what should stand there; may be empty."""

    code: str
    ok: bool
    found: str = ""
    wanted: str = ""


def completeness(
    text: Mapping[str, Any],
    body: str,
    *,
    symbol: str | None = None,
    signer: str | None = None,
    authority: Sequence[str] | None = None,
    by_slip: bool = False,
) -> tuple[Finding, ...]:
    """What must hold before a Resolution is presented for signature (rule:R22); `body` is a name like "Chính phủ".

    Symbol, name of the signer and authority lines are checked where they are given. Every check is in the answer,
    passed or not, always in the same order.
    """
    return (
        *_about_subject(text["subject"]),
        *_about_bases(text["bases"], text["formula"], formula(body, by_slip)),
        *_about_articles(text),
        *_about_recipients(text["recipients"], text["archive"]),
        _check("letters", _odd_letters(text)),
        _check("placeholders", _unfinished(text)),
        *_about_issue(symbol, signer, authority),
    )


def advice(text: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What is usual and no law demands: a remark to the clerk, never a reason to refuse."""
    articles = text["articles"]
    clauses = [(f"Điều {at}", article["clauses"]) for at, article in enumerate(articles, start=1)]
    points = [
        (f"{place}, khoản {at}", clause["points"]) for place, listed in clauses for at, clause in enumerate(listed, 1)
    ]
    running = [(place, words) for place, words in _places(text) if place.startswith("Điều") and "tên điều" not in place]
    return (
        _check("subject_opening", "" if text["subject"].startswith("Về ") else text["subject"], "Về …"),
        _check("lone_clause", next((place for place, listed in clauses if len(listed) == 1), "")),
        _check("lone_point", next((place for place, listed in points if len(listed) == 1), "")),
        _check("sentence_end", next((place for place, words in running if not words.endswith(RUNNING_ENDS)), "")),
        _check("in_force", "" if any(_IN_FORCE.search(words) for _place, words in running) else "Điều …"),
    )


def _check(code: str, against: str, wanted: str = "") -> Finding:
    return Finding(code, not against, against, wanted if against else "")


def _about_subject(subject: str) -> Iterator[Finding]:
    yield _check("subject_present", "" if subject else "Trích yếu")
    yield _check("subject_stop", subject if subject.endswith(RUNNING_ENDS) else "")
    first = next((letter for letter in subject if letter.isalpha()), "A")
    shouted = subject.isupper() and len(subject.split()) > 1
    yield _check("subject_case", subject if first.islower() or shouted else "")


def _about_bases(bases: Sequence[str], found: str, wanted: str) -> Iterator[Finding]:
    yield _check("bases_present", "" if bases else "Căn cứ ban hành")
    odd = next((line for line in bases if not line.startswith(tuple(f"{word} " for word in BASE_OPENINGS))), "")
    yield _check("base_opening", odd, " / ".join(BASE_OPENINGS))
    early = next((line for line in bases if line.startswith(_VOTE)), "")
    yield _check("formula_last", early, wanted)
    yield _check("formula_exact", "" if found == wanted else found or "Câu về kết quả biểu quyết", wanted)


def _about_articles(text: Mapping[str, Any]) -> Iterator[Finding]:
    articles = text["articles"]
    yield _check("articles_present", "" if articles else "Điều 1")
    hollow = (
        f"Điều {at}" for at, article in enumerate(articles, start=1) if not article["intro"] and not article["clauses"]
    )
    yield _check("articles_filled", next(hollow, ""))
    mute = (place for place, words in _places(text) if not any(sign.isalnum() for sign in words))
    yield _check("words_present", next(mute, ""))
    yield _check("references", next(_dangling(text), ""))


def _about_recipients(recipients: Sequence[str], archive: str) -> Iterator[Finding]:
    yield _check("recipients_present", "" if recipients else "Nơi nhận")
    seen = [line.casefold() for line in recipients]
    yield _check("recipients_once", next((line for line in recipients if seen.count(line.casefold()) > 1), ""))
    kept = next((line for line in recipients if line.casefold().startswith(("lưu:", "lưu "))), "")
    yield _check("recipients_archive", kept)
    first = re.split(r"[,; (]", archive)[0]
    yield _check("archive_present", "" if first == RECORDS_OFFICE else archive or "Lưu", f"{RECORDS_OFFICE}, …")


def _about_issue(symbol: str | None, signer: str | None, authority: Sequence[str] | None) -> Iterator[Finding]:
    if symbol is not None:
        yield _check("symbol_form", "" if _SYMBOL.fullmatch(symbol) else symbol or "Ký hiệu", "NQ-CP")
    if signer is not None:
        yield _check("signer_named", "" if len(signer.split()) > 1 else signer or "Người ký")
    if authority is not None:
        whole = len(authority) > 1 and all(authority)
        yield _check("authority_named", "" if whole else " / ".join(authority) or "Quyền hạn, chức vụ")


def _odd_letters(text: Mapping[str, Any]) -> str:
    for place, words in _places(text):
        hidden = any(unicodedata.category(sign).startswith("C") and sign != "\n" for sign in words)
        if hidden or not unicodedata.is_normalized("NFC", words):
            return place
    return ""


def _unfinished(text: Mapping[str, Any]) -> str:
    for place, words in _places(text):
        if found := _UNFINISHED.search(_AND_SO_ON.sub("", words)):
            return f"{place}: {found[0]}"
    return ""


def _dangling(text: Mapping[str, Any]) -> Iterator[str]:
    """References to articles, clauses, points and annexes of this Resolution that are not there."""
    articles = text["articles"]
    annexes = {roman(at) for at in range(1, len(text["annexes"]) + 1)}
    for place, words in _places(text):
        own = int(found[1]) if (found := re.match(r"Điều (\d+)", place)) else 0
        for point, clause, number, this in _REFERENCE.findall(words):
            if not (this and not own) and not _exists(articles, own if this else int(number), clause, point):
                named = f"Điều {own}" if this else f"Điều {number}"
                yield f"{place}: {f'điểm {point} ' * bool(point)}{f'khoản {clause} ' * bool(clause)}{named}"
        for numeral in _ANNEX_REFERENCE.findall(words):
            if numeral.upper() not in annexes:
                yield f"{place}: Phụ lục {numeral}"


def _exists(articles: Sequence[Mapping[str, Any]], number: int, clause: str, point: str) -> bool:
    if not 1 <= number <= len(articles):
        return False
    clauses = articles[number - 1]["clauses"]
    if not clause:
        return not point
    if not 1 <= int(clause) <= len(clauses):
        return False
    return not point or point in POINT_LETTERS[: len(clauses[int(clause) - 1]["points"])]


def _places(text: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every piece of text that is printed, under the name of its place."""
    yield "Trích yếu", text["subject"]
    yield from ((f"Căn cứ thứ {at}", line) for at, line in enumerate(text["bases"], start=1))
    for number, article in enumerate(text["articles"], start=1):
        yield from _article_places(f"Điều {number}", article)
    annexes = text["annexes"]
    for number, annex in enumerate(annexes, start=1):
        name = annex_name(number, len(annexes))
        yield f"{name}, tên", annex["title"]
        yield from ((f"{name}, đoạn {at}", words) for at, words in enumerate(annex["paragraphs"], start=1))
    yield from ((f"Nơi nhận, dòng {at}", line) for at, line in enumerate(text["recipients"], start=1))
    if text["archive"]:
        yield "Nơi nhận, dòng lưu", text["archive"]


def _article_places(name: str, article: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if article["heading"]:
        yield f"{name}, tên điều", article["heading"]
    if article["intro"]:
        yield name, article["intro"]
    for at, clause in enumerate(article["clauses"], start=1):
        yield f"{name}, khoản {at}", clause["text"]
        for letter, point in zip(POINT_LETTERS, clause["points"], strict=False):
            yield f"{name}, khoản {at}, điểm {letter}", point
