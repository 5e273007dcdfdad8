"""A menu leads to nothing that its reader may not open, and a closed screen says who does what is done there."""

import re

import pytest

from tests.device import JSON

WHO = ("a", "head", "deputy", "chairman", "clerk", "records", "auditor", "admin", "guest", "under_a")
MENU = re.compile(r"<nav\b.*?</nav>", re.DOTALL)
LINK = re.compile(r'href="(/[^"#]*)"')
TWO_PEOPLE = "Khóa ký do hai người của Văn phòng Chính phủ mở khóa và thay"


@pytest.mark.parametrize("name", WHO)
def test_every_link_of_a_menu_opens(at, scene, name):
    page = at(name).get("/").text
    links = {link for menu in MENU.findall(page) for link in LINK.findall(menu) if "logout" not in link}
    assert len(links) >= 3
    assert {link: status for link in links if (status := at(name).get(link).status_code) != 200} == {}


@pytest.mark.parametrize("path", ["/records/keys/", "/records/recoveries/", "/records/keys/1"])
def test_an_administrator_is_told_whose_work_keys_are(at, path):
    answer = at("admin").get(path)
    assert (answer.status_code, TWO_PEOPLE in answer.text) == (403, True)
    assert at("admin").get(path, headers=JSON).json["message"].startswith(TWO_PEOPLE)
    assert TWO_PEOPLE not in at("admin").get("/records/meetings/").text
    assert 'href="/records/keys/"' not in at("admin").get("/").text


def test_who_keeps_the_keys_opens_them(at):
    assert {name: at(name).get("/records/keys/").status_code for name in ("clerk", "records")} == {
        "clerk": 200, "records": 200,
    }  # fmt: skip
    assert 'href="/records/keys/"' in at("clerk").get("/").text
