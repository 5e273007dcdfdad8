"""How a file is laid out for the reader of the public page: which part was signed by whom and when, page by page."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.gateways.pades import ROLES, Page, Place, SignerSeen, StampSeen, Verdict
from app.views.resolution_verdict import LOOKS

ICONS = {"signature": "pen-line", "seal": "stamp"}
DATE = lazy_gettext("Date of issue")
FIELDS = {"number": lazy_gettext("Number of the document"), "day": DATE, "month": DATE, "year": DATE}
LEAST = 24.0  # points: what is smaller on the page is drawn so large
Shown = dict[str, Any]


def parts(verdict: Verdict, posts: Mapping[str, str]) -> list[Shown]:
    """One row for each revision of the file, the oldest first; `posts` by role, for signatures that are valid."""
    closing = {signer.revision: signer for signer in verdict.signers}
    stamps = {stamp.revision: stamp for stamp in verdict.stamps}
    return [
        _signed(closing[number], posts) if number in closing
        else _preserved(number, stamps.get(number), verdict) if number in stamps or number in verdict.preserving
        else _unsigned(number, verdict)
        for number in range(1, verdict.revisions + 1)
    ]  # fmt: skip


def _signed(signer: SignerSeen, posts: Mapping[str, str]) -> Shown:
    kind, _icon, label = LOOKS[signer.state]
    number = signer.revision
    return {
        "icon": ICONS.get(signer.role, "clock"), "title": ROLES.get(signer.role, _("Signature")),
        "post": posts.get(signer.role, "") if signer.state == "valid" else "", "when": signer.when(),
        "covers": _("Protects parts 1 to %(n)s of the file.", n=number), "kind": kind, "label": str(label),
    }  # fmt: skip


def _preserved(number: int, stamp: StampSeen | None, verdict: Verdict) -> Shown:
    """What was appended for the long term: validation data, and a stamp over everything before it."""
    kind, _icon, label = LOOKS["valid" if verdict.level else verdict.state]
    said: Shown = {"icon": "clock", "post": "", "kind": kind, "label": str(label)}
    if stamp is None:
        covers = _("What the authorities said of the certificates; the page and the signatures stay as they are.")
        return said | {"title": _("Validation data"), "when": "", "covers": covers}
    covers = _("Protects parts 1 to %(n)s of the file.", n=number)
    zone = verdict.signers[0].time.tzinfo if verdict.signers else None
    when = f"{stamp.time.astimezone(zone):%d/%m/%Y %H:%M:%S} ({stamp.authority})"
    return said | {"title": ROLES["stamp"], "when": when, "covers": covers}


def _unsigned(number: int, verdict: Verdict) -> Shown:
    """The print, which comes first and is protected by whatever is signed later, or a change that nobody signed."""
    if number == 1:
        title, made = _("The printed document"), _("Made before anybody signed.")
        return {"icon": "file-text", "title": title, "post": "", "when": made, "covers": "", "kind": "", "label": ""}
    later = _("A later signature stands over it, which does not permit it.")
    told = later if verdict.covering(number) else _("No signature protects this part.")
    return {
        "icon": "ban", "title": _("A change without a signature"), "post": "", "when": "", "covers": told,
        "kind": "bad", "label": _("Not permitted"),
    }  # fmt: skip


def pages(verdict: Verdict) -> list[Shown]:
    """One row for each page, or for several that follow each other and are told alike."""
    rows: list[Shown] = []
    numbered = enumerate(verdict.pages, start=1)
    for _alike, group in groupby(numbered, key=lambda pair: _key(*pair)):
        run = list(group)
        rows.append(_row(run[0][0], run[-1][0], run[0][1], verdict))
    return rows


def _key(number: int, page: Page) -> tuple[Any, ...]:
    """Pages with something on them stand alone."""
    return (number,) if page.places else (page.wide, page.high, page.revision)


def _row(first: int, last: int, page: Page, verdict: Verdict) -> Shown:
    title = _("Page %(n)s", n=first) if first == last else _("Pages %(first)s to %(last)s", first=first, last=last)
    notes = [_note(place, verdict) for place in page.places]
    told = list({str(note): note for note in notes}.values())  # fields of one thing are told once
    return {
        "title": title, "wide": round(page.wide, 1), "high": round(page.high, 1), "notes": told,
        "boxes": [_box(told.index(note) + 1, place, page) for note, place in zip(notes, page.places, strict=True)],
        "origin": _origin(page.revision), "covered": _covered(page.revision, verdict),
        "kind": "ok" if page.revision == 1 else "bad",
        "drawn": _("Outline of %(page)s with the places that are described beside it", page=title),
    }  # fmt: skip


def _origin(revision: int) -> str:
    if revision == 1:
        return _("As it was printed before anybody signed (part 1 of the file).")
    return _("Written or changed in part %(n)s of the file; a page of ours never is.", n=revision)


def _covered(revision: int, verdict: Verdict) -> str:
    covering = verdict.covering(revision)
    if not covering:
        return _("No signature protects what is shown here.")
    return _("Protected by: %(signatures)s.", signatures=", ".join(_called(signer) for signer in covering))


def _called(signer: SignerSeen) -> str:
    """The role, and what the signature is worth unless it is valid."""
    role = str(ROLES.get(signer.role, _("Signature")))
    return role if signer.state == "valid" else f"{role} ({str(LOOKS[signer.state][2]).lower()})"


def _note(place: Place, verdict: Verdict) -> Shown:
    return {"name": _name(place), "told": _told(place, verdict), "bad": place.kind == "other"}


def _box(at: int, place: Place, page: Page) -> Shown:
    """Where it stands, with the upper left corner of the page as SVG has it; `at` is the number of its note."""
    left, bottom, wide, high = place.box
    drawn_wide, drawn_high = max(wide, LEAST), max(high, LEAST)
    return {
        "at": at, "kind": place.kind,
        "x": _within(left, page.wide, drawn_wide), "y": _within(page.high - bottom - high, page.high, drawn_high),
        "wide": round(min(drawn_wide, page.wide), 1), "high": round(min(drawn_high, page.high), 1),
    }  # fmt: skip


def _within(start: float, whole: float, size: float) -> float:
    return round(max(0.0, min(start, whole - size)), 1)


def _name(place: Place) -> str:
    if place.kind == "signature":
        return str(ROLES.get(place.name, _("Place for a signature")))
    if place.kind == "text":
        return str(FIELDS.get(place.name, _("Form field")))
    return _("A box that is not part of the document")


def _told(place: Place, verdict: Verdict) -> str:
    """Who put it there and what protects it; a place that is still empty has only the print."""
    if place.kind == "other":
        return _("Laid over the page in part %(n)s.", n=place.revision) + " " + _covered(place.revision, verdict)
    signer = next((one for one in verdict.signers if one.role == place.name), None)
    if place.kind == "signature" and signer is not None:
        return signer.when()
    if place.revision == 1 or (place.kind == "signature" and place.name in ROLES):
        return _("Empty.")
    return _("Filled in with part %(n)s of the file.", n=place.revision) + " " + _covered(place.revision, verdict)
