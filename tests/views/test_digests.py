"""The own digests: list, page in the reader's language, one official-looking page; nobody else's."""

import datetime as dt
import re

import pytest

from app.extensions import db
from app.gateways.paper import page_count, page_texts
from app.models import Body, Digest, DigestKind
from app.workflows import digest_sections
from app.workflows.rules.timetable import OPENING
from tests.cabinet import NOW, TODAY, actors
from tests.conftest import Scene

DAY = re.compile("Thứ Năm, .{0,5}30.{1,7}7.{1,5}2026")
YESTERDAY = NOW - dt.timedelta(days=1)


def keep(name, content, kind=DigestKind.DAILY, slot="2026-07-30"):
    digest = Digest(
        body_id=1, person_id=actors()[name].person_id, kind=kind, slot=slot, content=content.as_dict(), made_at=NOW
    )
    db.session.add(digest)
    db.session.commit()
    return digest.id


@pytest.fixture
def digest_id(scene: Scene) -> int:
    scene.invite()
    body = db.session.get_one(Body, 1)
    return keep("a", digest_sections.daily(actors()["a"], body, TODAY, YESTERDAY, NOW))


def test_the_list_leads_to_the_page_and_says_what_is_new(at, digest_id):
    listed = at("a").get("/digests/").text
    assert f'href="/digests/{digest_id}"' in listed
    assert DAY.search(listed)
    assert 'class="ec-chip ec-chip--now"' in listed
    assert at("a").get(f"/digests/{digest_id}").status_code == 200
    assert 'class="ec-chip ec-chip--now"' not in at("a").get("/digests/").text


def test_the_page_tells_every_matter_with_its_address(at, scene, digest_id):
    page = at("a").get(f"/digests/{digest_id}").text
    assert "Phiên họp thường kỳ" in page
    assert page.count(f'href="/meetings/{scene.meeting_id}"') == 2  # the session and the invitation
    assert f'href="/digests/{digest_id}/file"' in page


def test_the_file_is_one_page_in_vietnamese_whatever_the_reader_speaks(at, digest_id):
    at("a").post("/language/en", next="/")
    answer = at("a").get(f"/digests/{digest_id}/file")
    assert answer.mimetype == "application/pdf"
    assert page_count(answer.data) == 1
    text = " ".join(page_texts(answer.data)[0].split())
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert DAY.search(text)
    assert f"/digests/{digest_id}" in text
    assert at("a").get(f"/digests/{digest_id}/file").data == answer.data


def test_the_file_is_kept_by_no_cache_and_does_nothing_where_it_is_opened(at, digest_id):
    answer = at("a").get(f"/digests/{digest_id}/file")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert at("a").get(f"/digests/{digest_id}/file?save=1").headers["Content-Disposition"].startswith("attachment")


def test_nobody_reads_the_digest_of_somebody_else(at, digest_id):
    for name in ("head", "clerk", "admin", "guest"):
        assert at(name).get(f"/digests/{digest_id}").status_code == 404
        assert at(name).get(f"/digests/{digest_id}/file").status_code == 404
        assert f"/digests/{digest_id}" not in at(name).get("/digests/").text


def test_a_digest_of_three_hundred_lines_is_one_page(at, scene):
    """As it is stored, through the words, on paper."""
    scene.invite()
    content = digest_sections.session(actors()["a"], scene.meeting, OPENING, YESTERDAY, NOW)
    kept = content.as_dict()
    kept["sections"] = [{**section, "lines": section["lines"] * 150} for section in kept["sections"]]
    digest = Digest(
        body_id=1, person_id=actors()["a"].person_id, kind=DigestKind.SESSION, slot="1:opening", content=kept,
        made_at=NOW,
    )  # fmt: skip
    db.session.add(digest)
    db.session.commit()
    pdf = at("a").get(f"/digests/{digest.id}/file").data
    assert page_count(pdf) == 1
    assert " mục khác" in page_texts(pdf)[0]


def test_who_has_none_is_told_so(at, scene):
    assert 'class="ec-state"' in at("b").get("/digests/").text
