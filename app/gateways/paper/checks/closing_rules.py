"""Decides whether the end of the document is as prescribed: signature, seal, recipients, annexes."""

import re

from flask_babel import lazy_gettext as _

from app.gateways.paper.blocks import roman
from app.gateways.paper.checks.head_rules import DRAFT
from app.gateways.paper.checks.parts import AUTHORITY, RECIPIENTS, Parts
from app.gateways.paper.checks.reading import FormField, Line
from app.gateways.paper.checks.rules import MISSING, MM, Outcome, Rule, centred, in_letters, mm, quoted, where, within
from app.gateways.paper.fields import SEAL, SIGNATURE

POSTS = ("THỦ TƯỚNG", "PHÓ THỦ TƯỚNG", "CHỦ TỊCH", "PHÓ CHỦ TỊCH", "BỘ TRƯỞNG", "THỨ TRƯỞNG", "CHỦ NHIỆM")
ACADEMIC = re.compile(r"\b(GS|PGS|TS|ThS|BS|KS|CN|LS)\b\.?")
ARCHIVE = re.compile(r"- Lưu: VT\b.*\.")
ROOM = 20 * MM  # for a signature, between post and name
NEAR_HEAD = 4  # pt between the base lines of boxes 7a and 9b, which have letters of different sizes
WITH_SIGNATURE = 2  # lines of text on the page of the signature
REAL = (30 * MM, 45 * MM)  # a seal of real size
COVERED = (0.25, 0.45)  # share of the signature under the seal


def _authority_words(seen: Parts) -> Outcome:
    lines, _name = seen.signature
    if not lines:
        return False, MISSING
    told = " ".join(line.text for line in lines)
    known = AUTHORITY.match(lines[0].text) or told.startswith(POSTS)
    return bool(known) and told == told.upper(), quoted(told)


def _authority_letters(seen: Parts) -> Outcome:
    return in_letters(seen.signature[0], 13, 14, bold=True)


def _name_letters(seen: Parts) -> Outcome:
    if _draft(seen) and not seen.signature[1]:
        return True, _("draft without a name")
    return in_letters(seen.signature[1], 13, 14, bold=True)


def _name_words(seen: Parts) -> Outcome:
    told = " ".join(line.text for line in seen.signature[1])
    if not told:
        return (True, _("draft without a name")) if _draft(seen) else (False, MISSING)
    return not ACADEMIC.search(told), quoted(told)


def _name_place(seen: Parts) -> Outcome:
    lines, name = seen.signature
    if not name:
        return (True, _("draft without a name")) if _draft(seen) else (False, MISSING)
    return centred(name[0], lines[-1].middle)


def _draft(seen: Parts) -> bool:
    return any(line.text == DRAFT for line in seen.marks)


def _room(seen: Parts) -> Outcome:
    lines, name = seen.signature
    if not lines or not name:
        return (True, _("draft without a name")) if _draft(seen) else (False, MISSING)
    room = lines[-1].base - name[0].top
    return room >= ROOM, mm(room)


def _field(seen: Parts, name: str) -> FormField | None:
    return seen.reading.fields.get(name)


def _signature_field(seen: Parts) -> Outcome:
    """On the page of the post, between post and name; a draft has none."""
    field, (lines, name) = _field(seen, SIGNATURE), seen.signature
    if _draft(seen):
        return field is None, _("draft with fields") if field else _("draft without fields")
    if field is None or not lines or not name:
        return False, MISSING
    middle = (field.bottom + field.top) / 2
    inside = field.page == lines[-1].page and name[0].base < middle < lines[-1].base
    level = abs((field.left + field.right) / 2 - lines[-1].middle) < 2 * MM
    return inside and level, mm(field.right - field.left)


def _seal_field(seen: Parts) -> Outcome:
    field, signature = _field(seen, SEAL), _field(seen, SIGNATURE)
    if _draft(seen):
        return field is None, _("draft with fields") if field else _("draft without fields")
    if field is None or signature is None:
        return False, MISSING
    share = (field.right - signature.left) / (signature.right - signature.left)
    size = within(field.right - field.left, *REAL) and within(field.top - field.bottom, *REAL)
    found = _(
        "%(length)s, over %(share)s%% of the signature", length=mm(field.right - field.left), share=round(100 * share)
    )
    return size and field.left < signature.left and COVERED[0] <= share <= COVERED[1], found


def _recipients_head(seen: Parts) -> Outcome:
    if not seen.recipients:
        return False, MISSING
    first = seen.recipients[0]
    ok, found = in_letters([first], 12, 12, bold=True, italic=True)
    return ok and first.text == "Nơi nhận:", found if not ok else quoted(first.text)


def _recipients_place(seen: Parts) -> Outcome:
    if not seen.recipients or not seen.signature[0]:
        return False, MISSING
    first, post = seen.recipients[0], seen.signature[0][0]
    flush = abs(first.left - seen.margin) < MM
    level = first.page == post.page and abs(first.base - post.base) <= NEAR_HEAD
    return flush and level, _("level") if level else _("off by %(length)s", length=mm(abs(first.base - post.base)))


def _list(seen: Parts) -> list[Line]:
    return [line for line in seen.recipients if not line.text.upper().startswith(RECIPIENTS)]


def _recipients_letters(seen: Parts) -> Outcome:
    return in_letters(_list(seen), 11, 11)


def _recipients_words(seen: Parts) -> Outcome:
    """Each begins with a dash and ends with a semicolon; the last one says where the record copy stays."""
    told: list[str] = []
    for line in _list(seen):
        if line.text.startswith("- ") or not told:
            told.append(line.text)
        else:
            told[-1] += f" {line.text}"
    if not told:
        return False, MISSING
    for words in told[:-1]:
        if not (words.startswith("- ") and words.endswith(";")):
            return False, quoted(words)
    return bool(ARCHIVE.fullmatch(told[-1])), quoted(told[-1])


def _held(seen: Parts) -> Outcome:
    """The signature stands on one page, with some of the text."""
    lines = [*seen.signature[0], *seen.signature[1]]
    if not lines or not seen.body:
        return False, MISSING
    pages = {line.page for line in lines}
    text = sum(line.page in pages for line in seen.body)
    least = min(WITH_SIGNATURE, len(seen.body))
    return len(pages) == 1 and text >= least, _("%(count)s lines of text", count=text)


def _annexes(seen: Parts) -> Outcome:
    """Bold and centred; several carry Roman numerals from I."""
    labels = [line.text for line in seen.annexes]
    wanted = ["Phụ lục"] if len(labels) == 1 else [f"Phụ lục {roman(at + 1)}" for at in range(len(labels))]
    if not labels:
        return True, _("no annex")
    ok, found = in_letters(seen.annexes, 13, 14, bold=True)
    if not ok:
        return ok, found
    for line in seen.annexes:
        middle, off = centred(line, (30 * MM + seen.first.width - 15 * MM) / 2)
        if not middle:
            return False, where(line, off)
    return labels == wanted, ", ".join(labels)


RULES = (
    Rule(
        "authority_words",
        _("Authority and post"),
        _("TM., KT., TL., TUQ. or Q. and the post, in capitals"),
        _authority_words,
    ),
    Rule("authority_letters", _("Letters of authority and post"), _("13–14 pt, bold upright"), _authority_letters),
    Rule("signer_words", _("Name of the signer"), _("in full, without academic titles"), _name_words),
    Rule("signer_letters", _("Letters of the signer's name"), _("13–14 pt, bold upright"), _name_letters),
    Rule("signer_place", _("Place of the signer's name"), _("centred under the post"), _name_place),
    Rule("signature_room", _("Room for the signature"), _("at least 20 mm between post and name"), _room),
    Rule(
        "signature_field",
        _("Place for the digital signature"),
        _("between post and name; none in a draft"),
        _signature_field,
    ),
    Rule(
        "seal_field", _("Place for the seal"), _("real size, over a third of the signature, at its left"), _seal_field
    ),
    Rule("recipients_head", _("Head of the recipients"), _("“Nơi nhận:”, 12 pt, bold italic"), _recipients_head),
    Rule(
        "recipients_place",
        _("Place of the recipients"),
        _("at the left margin, level with the authority"),
        _recipients_place,
    ),
    Rule("recipients_letters", _("Letters of the recipients"), _("11 pt, upright"), _recipients_letters),
    Rule("recipients_words", _("List of the recipients"), _("“- …;”, at the end “- Lưu: VT, ….”"), _recipients_words),
    Rule("held_together", _("Signature and text"), _("on one page with two lines of text"), _held),
    Rule("annexes", _("Headings of annexes"), _("centred, bold; Roman numerals for several"), _annexes),
)
