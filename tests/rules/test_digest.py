"""What a digest holds is kept as JSON and read back unchanged; what is empty is not there (rule:R33)."""

import dataclasses
import datetime as dt
import json

import pytest

from app.workflows.rules.digest import DAILY, NEW, SESSION, DigestContent, Line, Occasion, Section, with_sections
from app.workflows.rules.timetable import OPENING

AT = dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)
EMPTY = DigestContent(
    kind=DAILY, body="Chính phủ", place="Hà Nội", person="Đỗ Thị Bốn", post="Bộ trưởng Bộ Y tế",
    day=dt.date(2026, 11, 23), since=AT - dt.timedelta(days=3), made_at=AT, sections=(),
)  # fmt: skip
SESSIONS = Section(
    "sessions",
    (
        Line("session", {"title": "Phiên họp thường kỳ", "items": 3}, AT, "/meetings/7", (NEW,)),
        Line("paper", {"title": "Tờ trình"}, address="/papers/3", below=True),
    ),
)


def test_a_digest_is_read_back_from_its_json():
    occasion = Occasion(7, "Phiên họp thường kỳ", AT, OPENING)
    for content in (
        with_sections(EMPTY, [SESSIONS]),
        dataclasses.replace(EMPTY, kind=SESSION, sections=(SESSIONS,), occasion=occasion),
    ):
        assert DigestContent.parse(json.loads(json.dumps(content.as_dict()))) == content


def test_an_empty_section_does_not_exist():
    """rule:R33"""
    content = with_sections(EMPTY, [None, Section("waiting", ()), SESSIONS])
    assert [section.key for section in content.sections] == ["sessions"]


def test_a_digest_that_tells_nothing_is_not_made():
    """rule:R33"""
    assert with_sections(EMPTY, [None, Section("waiting", ())]) is None
    assert with_sections(EMPTY, []) is None


@pytest.mark.parametrize("odd", [{}, {"v": 2}, {"v": 1}, {"v": 1, "kind": "daily", "sections": 3}, []])
def test_what_is_no_digest_is_refused(odd):
    with pytest.raises(ValueError, match="digest"):
        DigestContent.parse(odd)
