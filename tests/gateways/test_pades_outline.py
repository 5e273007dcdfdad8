"""Where a file comes from, page by page: of honest files and of those in which somebody changed something."""

import json

import pytest

from app.gateways.pades import Limits, examine, verdict
from app.gateways.pades.reader.outline import pages_of
from app.gateways.pades.reader.revisions import read_revisions
from tests.gateways.hostile_changes import drawn_over, note, page_added, pages_swapped, refilled
from tests.gateways.signed_corpus import (
    AT,
    EXPECTED,
    GOOD,
    SIGNED,
    TRUSTED,
    VARIANTS,
    Editor,
    base,
    object_of,
    raw_revision,
    sealed,
    signed,
    size_of,
)

JUDGED = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT}
PRINT, SIGNATURE, SEAL, LATER = 1, 2, 3, 4
A4 = (595, 842)


def changed(change, pdf=GOOD):
    return verdict(change(Editor(pdf)).done(), **JUDGED)


def test_an_honest_page_comes_from_the_print_and_its_fields_from_the_seal():
    found = verdict(GOOD, **JUDGED)
    (page,) = found.pages
    assert (found.revisions, [signer.revision for signer in found.signers]) == (3, [SIGNATURE, SEAL])
    assert (round(page.wide), round(page.high), page.revision) == (*A4, PRINT)
    assert {place.name: (place.kind, place.revision) for place in page.places} == {
        "signature": ("signature", SIGNATURE), "seal": ("signature", SEAL),
        **dict.fromkeys(("number", "day", "month", "year"), ("text", SEAL)),
    }  # fmt: skip
    assert [signer.role for signer in found.covering(PRINT)] == ["signature", "seal"]
    assert [signer.role for signer in found.covering(SEAL)] == ["seal"]


def test_boxes_stand_where_the_fields_are():
    entries = Editor(GOOD).entries(Editor(GOOD).field("seal"))
    left, bottom, right, top = (float(number) for number in entries[b"/Rect"].strip(b"[]").split())
    (page,) = verdict(GOOD, **JUDGED).pages
    (seal,) = [place for place in page.places if place.name == "seal"]
    assert seal.box == pytest.approx((left, bottom, right - left, top - bottom))


def test_what_is_only_signed_has_empty_places():
    (page,) = verdict(SIGNED, **JUDGED).pages
    written = {place.name: place.revision for place in page.places}
    assert {name for name, revision in written.items() if revision == PRINT} == {"number", "day", "month", "year"}
    assert written["seal"] == SIGNATURE  # which says what the seal will lock


def test_a_page_added_later_is_known_and_covered_by_nobody():
    found = changed(page_added)
    assert [page.revision for page in found.pages] == [PRINT, LATER]
    assert (found.revisions, found.covering(LATER)) == (4, ())


def test_pages_in_another_order_are_pages_that_changed():
    three = sealed(signed(base(3)))
    assert [page.revision for page in verdict(three, **JUDGED).pages] == [PRINT] * 3
    assert [page.revision for page in changed(pages_swapped, three).pages] == [LATER, PRINT, LATER]


def test_a_page_drawn_anew_and_a_number_filled_again_are_seen_where_they_are():
    assert [page.revision for page in changed(drawn_over).pages] == [LATER]
    (page,) = changed(refilled("number", b"99")).pages
    assert {place.name for place in page.places if place.revision == LATER} == {"number"}


def test_a_box_over_the_page_is_no_field():
    (page,) = changed(note(b"FreeText")).pages
    assert [(place.kind, place.name, place.revision) for place in page.places][-1] == ("other", "", LATER)


def test_every_file_can_be_outlined_or_has_no_outline():
    seen = {variant.name: verdict(variant.pdf, **JUDGED | variant.judged, ask_second=False) for variant in VARIANTS}
    assert seen
    for found in seen.values():
        assert json.loads(json.dumps(found.as_json()))["revisions"] == found.revisions
        assert all(1 <= page.revision <= found.revisions for page in found.pages)
    told = [found for found in seen.values() if found.pages]
    assert len(told) > len(seen) // 2


@pytest.mark.parametrize(
    "kids", [b"[ %d 0 R ]", b"[ 99999 0 R ]", b"[ 1 2 3 ]", b"null", b"[ %d 0 R %d 0 R ]"],
    ids=["a circle", "nothing", "numbers", "no list", "twice"],
)  # fmt: skip
def test_an_odd_tree_of_pages_ends(kids):
    tree, _pages = Editor(GOOD).pages()
    pdf = Editor(GOOD).set(tree, Kids=kids.replace(b"%d", b"%d" % tree)).done()
    assert pages_of(read_revisions(pdf)) == []
    assert verdict(pdf, **JUDGED).state == "invalid"


def test_a_file_of_many_pages_is_outlined_as_far_as_people_look():
    first = size_of(GOOD)
    tree, _pages = Editor(GOOD).pages()
    leaf = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>" % tree
    kids = b"[" + b" ".join(b"%d 0 R" % (first + number) for number in range(1_000)) + b"]"
    body, offsets = b"", {}
    for number in range(1_000):
        offsets[first + number] = len(body)
        body += object_of(first + number, leaf)
    offsets[tree] = len(body)
    body += object_of(tree, b"<< /Type /Pages /Count 1000 /Kids %b >>" % kids)
    found = verdict(raw_revision(GOOD, body, offsets), **JUDGED)
    assert (found.state, len(found.pages)) == ("invalid", 300)


def test_a_confined_reader_tells_the_same():
    for pdf in (GOOD, page_added(Editor(GOOD)).done()):
        assert examine(pdf, **JUDGED, limits=Limits(seconds=60)).pages == verdict(pdf, **JUDGED).pages != ()
