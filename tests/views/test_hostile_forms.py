"""Generated forms meet what no browser sends: bodies of another kind, and files where text is asked for."""

import io

import pytest

from app.extensions import db
from app.models import AuditEntry
from tests.architecture.test_authz import addresses

BODIES = {
    "a number": {"json": 1}, "a list": {"json": [1]}, "true": {"json": True}, "text": {"json": "x"},
    "an object": {"json": {"title": ["x"], "kind": None, "starts_at": 2**70}},
    "a broken object": {"data": b'{"title": ', "content_type": "application/json"},
}  # fmt: skip


def forms(app) -> list[str]:
    """The addresses of every generated form that starts a row."""
    return sorted(rule for method, rule in addresses(app) if method == "POST" and rule.endswith("/add"))


def written() -> int:
    db.session.rollback()  # look again
    return db.session.query(AuditEntry).count()


@pytest.mark.parametrize("name", ["clerk", "admin"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_of_another_kind_is_an_incomplete_form(app, name, body):
    device, before = app.test_client().enter_as(name), written()
    found = [device.post(path, **body).status_code for path in forms(app)]
    assert set(found) <= {200, 302, 400, 403, 404, 422}
    assert written() == before


@pytest.mark.parametrize("name", ["clerk", "admin"])
def test_a_file_in_the_place_of_text_is_no_text(app, name):
    device, before = app.test_client().enter_as(name), written()
    fields = ("title", "full_name", "starts_at", "valid_from", "person_id", "kind", "planned_minutes", "reason",
              "username", "question", "abbreviation", "name", "body_id")  # fmt: skip
    for path in forms(app):
        files = {field: (io.BytesIO(b"x"), "x.pdf") for field in fields}
        answer = device.post(path, data=files, content_type="multipart/form-data")
        assert answer.status_code < 500
    assert written() == before
