"""Templates of slips: kept from a draft, begun from in the empty form, removed; only by who drafts slips."""

from collections.abc import Callable

import pytest

from app.extensions import db
from app.models import AuditEntry, Slip, SlipTemplate, Urgency
from app.workflows import slip_templates
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from tests.cabinet import NOW
from tests.conftest import both
from tests.slipping import CONSENT, SlipScene
from tests.views.browser import Browser
from tests.views.test_slip_office import typed_again

At = Callable[[str], Browser]


@pytest.fixture
def slip(app):
    return SlipScene()


def test_a_template_is_kept_and_a_new_slip_begins_from_it(app, at: At, slip):
    made = slip.draft(CONSENT, urgency=Urgency.URGENT, legal_basis="Điều 7", working_days=3)
    assert at("clerk").post(f"/slips/{made.id}/template", name="Mẫu xin ý kiến Nghị quyết").status_code == 303
    kept = db.session.query(SlipTemplate).one()
    assert "Mẫu xin ý kiến Nghị quyết" in at("clerk").get("/slips/new").text
    page = at("clerk").get(f"/slips/new?template={kept.id}")
    assert typed_again(page)[:3] == [made.matter, "Điều 7", CONSENT.text]
    assert 'value="urgent" selected' in page.text
    assert 'name="working_days" value="3" checked' in page.text
    assert db.session.query(Slip).count() == 1
    assert at("clerk").post(f"/slips/templates/{kept.id}/remove").status_code == 303
    assert db.session.query(SlipTemplate).count() == 0
    facts = [row.fact for row in db.session.query(AuditEntry).filter(AuditEntry.fact.like("SlipTemplate%"))]
    assert facts == ["SlipTemplateKept", "SlipTemplateRemoved"]


@both
@pytest.mark.parametrize(("name", "code"), [
    ("", "no_template_name"), ("x" * 201, "no_template_name"), ("Hai\ndòng", "no_template_name"),
    ("Ẩn\u202e", "no_template_name"), ("mau phieu", "template_name_taken"),
])  # fmt: skip
def test_a_template_has_a_name_of_its_own(slip, name, code):
    made = slip.draft().id
    slip_templates.keep_template(slip.who["clerk"], made, "Mẫu phiếu", NOW)
    with pytest.raises(WorkflowError) as refused:
        slip_templates.keep_template(slip.who["clerk"], made, name, NOW)
    assert refused.value.code == code
    assert db.session.query(SlipTemplate).count() == 1


def test_whoever_drafts_no_slips_neither_keeps_nor_sees_templates(app, at: At, slip):
    made = slip.draft().id
    kept = slip_templates.keep_template(slip.who["clerk"], made, "Mẫu", NOW).id
    with pytest.raises(NotAllowed):
        slip_templates.keep_template(slip.who["auditor"], made, "Khác", NOW)
    with pytest.raises(NotAllowed):
        slip_templates.remove_template(slip.who["auditor"], kept, NOW)
    for name in ("a", "guest", "records"):
        with pytest.raises(NotFound):
            slip_templates.begun_from(slip.who[name], kept)
        at(name).post(f"/slips/templates/{kept}/remove")
    assert db.session.query(SlipTemplate).count() == 1
