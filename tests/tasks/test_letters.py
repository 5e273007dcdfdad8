"""Letters say what they are about in text and in HTML, fetch nothing, and take nothing for markup."""

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask_babel import force_locale

from app.tasks.letters import digest_letter, notice_letter
from app.workflows.rules.digest import DAILY, NEW, DigestContent, Line, Section

AT = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
BASE = "https://ecabinet.example/"


def content(*sections: Section) -> dict:
    return DigestContent(
        kind=DAILY, body="Chính phủ", place="Hà Nội", person="Đỗ Thị Bốn", post="Bộ trưởng Bộ Y tế",
        day=dt.date(2026, 11, 23), since=AT - dt.timedelta(days=3), made_at=AT, sections=sections,
    ).as_dict()  # fmt: skip


SESSIONS = Section("sessions", (
    Line("session", {"title": "Phiên họp thường kỳ", "place": "Phòng họp số 1", "items": 5}, AT, "/meetings/7"),
    Line("paper", {"title": "Tờ trình", "item": 1, "version": 1}, AT, "/papers/3", (NEW,), below=True),
))  # fmt: skip


def letter(*sections: Section, language: str = "en"):
    with force_locale(language):
        return digest_letter(content(*sections), 12, BASE)


class Seen(HTMLParser):
    """The tags of a page, the addresses in them, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.fetched: list[tuple[str, str]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if tag == "a" and name == "href"]
        self.fetched += [(tag, value) for name, value in attrs if name in ("src", "background", "srcset", "xlink:href")]
        self.fetched += [(tag, value) for name, value in attrs if name == "style" and "url(" in value]

    def handle_data(self, data):
        self.words += data


def test_a_digest_says_the_same_in_text_and_in_html(app: Flask):
    made = letter(SESSIONS)
    assert made.subject == "Daily digest: Monday, 23/11/2026"
    for said in ("Dear Đỗ Thị Bốn,", "Phiên họp thường kỳ", "Phòng họp số 1 · Agenda items: 5", "Tờ trình", " (new)"):
        assert said in made.text
        assert said in Seen(made.html).words
    for link in ("/meetings/7", "/papers/3", "/digests/12", "/notices/settings"):
        assert f"https://ecabinet.example{link}\n" in made.text
        assert f"https://ecabinet.example{link}" in Seen(made.html).links


def test_the_text_reads_like_a_list(app: Flask):
    told = letter(SESSIONS).text.splitlines()
    assert told[:4] == ["DAILY DIGEST", "Monday, 23/11/2026", "", "Dear Đỗ Thị Bốn,"]
    at = told.index("SESSIONS OF THE DAY")
    assert told[at - 1 : at + 6] == [
        "", "SESSIONS OF THE DAY", "08:00  Phiên họp thường kỳ", "       Phòng họp số 1 · Agenda items: 5",
        "       https://ecabinet.example/meetings/7", "       – Tờ trình (new)", "       https://ecabinet.example/papers/3",
    ]  # fmt: skip
    assert "\n\n\n" not in letter(SESSIONS, SESSIONS).text


def test_nothing_is_fetched_and_nothing_runs(app: Flask):
    with force_locale("vi"):
        letters = [letter(SESSIONS), notice_letter("Giấy mời họp", "Phiên họp", "/meetings/7", "Đỗ Thị Bốn", BASE)]
    for made in letters:
        seen = Seen(made.html)
        assert seen.fetched == []
        assert not {"script", "img", "link", "iframe", "form", "svg", "video", "object"} & set(seen.tags)
        assert "@import" not in made.html
        assert all(link.startswith("https://ecabinet.example/") for link in seen.links)
        assert len(made.html) < 100_000  # Gmail cuts longer ones


def test_it_can_be_read_in_the_dark_and_without_its_style_sheet(app: Flask):
    html = letter(SESSIONS).html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    texts = re.findall(r'style="([^"]*)"', html.partition("</head>")[2])
    assert all("color:#" in style for style in texts if "font:" in style)  # every text says its own colour


def test_a_long_part_is_cut_and_counted(app: Flask):
    told = [{"title": f"Tờ trình {n}", "item": 1, "version": 1} for n in range(300)]
    lines = tuple(Line("paper", each, AT, "/papers/3") for each in told)
    made = letter(Section("papers", lines))
    for said in (made.text, Seen(made.html).words):
        assert said.count("Tờ trình") == 40
        assert "… and 260 more" in said
    assert len(made.html) < 100_000


def test_text_from_outside_is_no_markup(app: Flask):
    odd = '<img src="http://x/">&"</a><script>1</script>'
    made = letter(Section("waiting", (Line("task.absence", {"title": odd, "where": odd}, AT, "/absences/"),)))
    assert "img" not in Seen(made.html).tags
    assert "script" not in Seen(made.html).tags
    assert odd in Seen(made.html).words
    assert odd in made.text  # nothing is escaped there: it is plain


def test_a_subject_is_one_line(app: Flask):
    with force_locale("vi"):
        made = notice_letter("Phiên họp\r\nBcc: somebody@example.vn", "", "/", "A", BASE)
    assert made.subject == "Phiên họp Bcc: somebody@example.vn"


def test_a_notice_is_one_sentence_and_one_button(app: Flask):
    with force_locale("en"):
        made = notice_letter("You are invited to a meeting", "Phiên họp", "/meetings/7", "Đỗ Thị Bốn", BASE)
    seen = Seen(made.html)
    assert made.subject == "You are invited to a meeting"
    assert seen.tags.count("h1") == 1
    assert seen.links == ["https://ecabinet.example/meetings/7", "https://ecabinet.example/notices/settings"]
    assert made.text.splitlines()[:7] == [
        "Dear Đỗ Thị Bốn,", "", "You are invited to a meeting", "Phiên họp", "", "Open in e-Cabinet:",
        "https://ecabinet.example/meetings/7",
    ]  # fmt: skip


@pytest.mark.parametrize("demo", [True, False])
def test_a_demonstration_says_that_it_is_one(app: Flask, monkeypatch, demo):
    monkeypatch.setitem(app.config, "DEMO", demo)
    made = letter(SESSIONS)
    assert ("Demonstration – invented data" in made.text) is demo
    assert ("Demonstration – invented data" in made.html) is demo


def test_every_language_has_its_own_letter(app: Flask):
    assert '<html lang="vi"' in letter(SESSIONS, language="vi").html
    assert "\nThứ Hai, " in letter(SESSIONS, language="vi").text
    assert "\nMonday, " in letter(SESSIONS, language="en").text


def test_a_letter_needs_no_request(app: Flask):
    """Workers have none; a page's surroundings would look for one."""
    with app.app_context(), force_locale("vi"):
        assert letter(SESSIONS).html
