"""Decides that templates and scripts fit together: sentences, icons, style classes of state, modules, files."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

APP = Path(__file__).parents[2] / "app"
TEMPLATES = APP / "templates"
SCRIPTS = sorted((APP / "static" / "ec" / "js").glob("*.js"))
PAGES = sorted(path.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.html"))
JINJA = Environment(loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True)


def everything() -> str:
    return "\n".join((TEMPLATES / page).read_text() for page in PAGES)


def declared_sentences() -> set[str]:
    """The keys of all `data-ec-text` blocks."""
    blocks = re.findall(r"data-ec-text nonce=.*?>\{\{ (\{.*?\})\|tojson \}\}", everything(), re.DOTALL)
    return {key for block in blocks for key in re.findall(r'"(\w+)": _\(', block)}


def drawn_icons() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (APP / "static" / "vendor" / "lucide" / "icons.svg").read_text()))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_template_can_be_compiled(page):
    JINJA.parse((TEMPLATES / page).read_text())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_included_template_exists(page):
    tree = JINJA.parse((TEMPLATES / page).read_text())
    wanted = [
        node.template.value
        for kind in (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)
        for node in tree.find_all(kind)
        if isinstance(node.template, nodes.Const)
    ]
    ours = [name for name in wanted if name.startswith("ec/") or name in map(str, PAGES)]
    assert [name for name in ours if not (TEMPLATES / name).is_file()] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_sentence_of_a_script_is_written_into_some_page(script):
    used = set(re.findall(r'\btext\("(\w+)"', script.read_text()))
    assert used - declared_sentences() == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_module_a_script_imports_exists(script):
    wanted = re.findall(r'(?:from|import) "(\.[^"]+)"', script.read_text())
    assert [name for name in wanted if not (script.parent / name).resolve().is_file()] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_puts_text_into_a_page_as_markup(script):
    assert re.findall(r"\.(?:innerHTML|outerHTML)\s*=[^=]|insertAdjacentHTML|document\.write", script.read_text()) == []


def test_every_icon_named_in_a_template_or_script_is_drawn():
    scripts = "\n".join(script.read_text() for script in SCRIPTS)
    named = set(re.findall(r'\bicon\("([a-z0-9-]+)"', everything() + scripts))
    assert named
    assert named - drawn_icons() == set()


def test_every_static_file_named_in_a_template_exists():
    named = set(re.findall(r"url_for\('static', filename='([^']+)'\)", everything()))
    assert named
    assert [name for name in sorted(named) if not (APP / "static" / name).is_file()] == []


@pytest.mark.parametrize("sheet", sorted((APP / "static" / "ec").glob("*.css")), ids=lambda path: path.name)
def test_every_file_a_style_sheet_names_exists(sheet):
    named = re.findall(r'url\("([^"#]+)"\)', sheet.read_text())  # with a # it is a pattern of the page itself
    assert [name for name in named if not (sheet.parent / name).resolve().is_file()] == []
