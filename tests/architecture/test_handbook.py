"""The pages that follow from the code say what the code says."""

from pathlib import Path

from app import handbook
from app.workflows.engine.rights import Right


def test_the_written_pages_are_those_of_the_code(app):
    for name, text in handbook.pages().items():
        assert (Path("docs") / name).read_text() == text, f"docs/{name} is old: make docs"


def test_every_right_and_every_move_is_on_its_page(app):
    pages = handbook.pages()
    assert all(f"`{right.value}`" in pages["rights.md"] for right in Right)
    assert "| annul | closed, open, published | annulled | `poll:annul` |" in pages["workflows/polls.md"]
