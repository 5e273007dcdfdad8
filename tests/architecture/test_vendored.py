"""Decides that every file taken from elsewhere is known, licensed and unchanged, and no page needs another host."""

import hashlib
import re
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
VENDOR = APP / "static" / "vendor"
OWN_SOURCES = sorted(
    path
    for folder in (APP / "templates", APP / "static" / "ec")
    for path in folder.rglob("*")
    if path.suffix in {".html", ".js", ".css", ".svg"}
)
PACKAGES = sorted(path for path in VENDOR.iterdir() if path.is_dir())
LOADS_FROM_A_HOST = re.compile(
    r"""(?:\b(?:src|srcset|href|action|poster|data)\s*=\s*|@import\s+|url\(\s*|\bfrom\s+|\bimport\s*\(?\s*|fetch\(\s*)
        ["'`]?(?:(?:https?|wss?):)?//""",
    re.VERBOSE,
)
INLINE_CODE = re.compile(r"""<[a-z][^<>]*\s(?:on[a-z]+|style)\s*=\s*["']|\bjavascript:""")


def listed() -> dict[str, str]:
    rows = (line.split() for line in (VENDOR / "sha256sums").read_text().splitlines())
    return {name.removeprefix("./"): digest for digest, name in rows}


def present() -> dict[str, str]:
    files = (p for p in VENDOR.rglob("*") if p.is_file() and p.name not in {"sha256sums", "VENDORED.md"})
    return {str(p.relative_to(VENDOR)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_vendored_files_are_exactly_the_listed_ones():
    assert present() == listed()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_vendored_package_carries_its_licence_and_a_row(package):
    assert len((package / "LICENSE").read_text()) > 400
    assert f"`{package.name}/" in (VENDOR / "VENDORED.md").read_text()


def test_the_table_names_the_true_digests():
    rows = re.findall(r"`([^`*]+)` \| `([0-9a-f]{64})` \|", (VENDOR / "VENDORED.md").read_text())
    assert rows
    assert {name: digest for name, digest in rows if listed().get(name) != digest} == {}


@pytest.mark.parametrize("path", OWN_SOURCES, ids=lambda path: str(path.relative_to(APP)))
def test_no_page_loads_from_another_host(path):
    assert LOADS_FROM_A_HOST.findall(path.read_text()) == []


LETTERS = APP / "templates/mail"  # mail programs know no style sheets; no browser of ours shows these
TEMPLATES = [path for path in OWN_SOURCES if path.suffix == ".html"]


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if LETTERS not in path.parents], ids=lambda path: str(path.relative_to(APP))
)
def test_no_template_carries_inline_code_or_style(path):
    assert INLINE_CODE.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if LETTERS in path.parents], ids=lambda path: str(path.relative_to(APP))
)
def test_no_letter_carries_code(path):
    assert not re.search(r"<script|<iframe|\bon[a-z]+=|javascript:", path.read_text(), re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js">',
        "url(//fonts.example/a.woff2)",
        "import x from 'http://a.example/x.js'",
    ],
)
def test_the_search_for_other_hosts_finds_one(text):
    assert LOADS_FROM_A_HOST.search(text)


@pytest.mark.parametrize("text", ['<a onclick="go()">', '<p class="x" style="color: red">', "javascript:void(0)"])
def test_the_search_for_inline_code_finds_some(text):
    assert INLINE_CODE.search(text)
