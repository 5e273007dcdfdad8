"""Pages of aides and slips: a switch for each aide, a suggestion without any button to sign, one tap for the member."""

import pytest

from app.extensions import db
from app.models import MemberStaff, Slip, SlipAdvice, SlipAide, SlipAnswer, SlipDraft
from app.views.slip_advice import suggestions
from app.workflows.engine.transaction import own_transaction
from tests import cabinet
from tests.slipping import SlipScene


@pytest.fixture
def slip(app):
    found = SlipScene()
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=found.who["a"].person_id, aide_id=found.who["guest"].person_id,
                                valid_from=cabinet.SINCE))  # fmt: skip
    return found


def test_from_the_switch_to_the_draft(app, slip, at):
    slip_id, aide, member = slip.issue(), slip.who["guest"].person_id, slip.who["a"].person_id
    assert at("guest").get(f"/slips/{slip_id}/advice").status_code == 404
    assert "Let this aide see my slips" in at("a").get("/slips/aides").get_data(as_text=True)
    assert at("a").post(f"/slips/aides/{aide}", wanted="let").status_code == 303
    page = at("guest").get(f"/slips/{slip_id}/advice").get_data(as_text=True)
    assert f'action="/slips/{slip_id}/advice/{member}"' in page
    assert "data-pin" not in page
    assert f"/slips/{slip_id}/sign" not in page
    sent = {"choice-1": "disagree", "text-1": "Đề nghị <rà soát>"}
    assert at("guest").post(f"/slips/{slip_id}/advice/{member}", **sent).status_code == 303
    advice = db.session.query(SlipAdvice).one()
    with app.test_request_context():
        (shown,) = suggestions(slip.who["a"], db.session.get_one(Slip, slip_id))
        assert suggestions(slip.who["b"], db.session.get_one(Slip, slip_id)) == []
        drawn = app.jinja_env.get_template("ec/_slip_suggestions.html").render(suggestions=[shown])
    assert "Đề nghị &lt;rà soát&gt;" in drawn
    assert f'action="/slips/{slip_id}/advice/{advice.id}/take"' in drawn
    assert at("a").post(f"/slips/{slip_id}/advice/{advice.id}/take", version="1").status_code == 303
    assert db.session.query(SlipDraft).one().content["answers"][0]["choice"] == "disagree"
    assert at("a").post(f"/slips/aides/{aide}", wanted="end").status_code == 303
    assert at("guest").get(f"/slips/{slip_id}/advice").status_code == 404
    assert db.session.query(SlipAnswer).count() == 0


def test_odd_requests_are_refused_in_words(slip, at):
    slip_id, aide = slip.issue(), slip.who["guest"].person_id
    at("a").post(f"/slips/aides/{aide}", wanted="perhaps")
    assert db.session.query(SlipAide).count() == 0
    at("a").post(f"/slips/aides/{aide}", wanted="let")
    at("guest").post(f"/slips/{slip_id}/advice/{slip.who['a'].person_id}", **{"choice-1": "maybe"})
    at("guest").post(f"/slips/{slip_id}/advice/{slip.who['b'].person_id}", **{"choice-1": "agree"})
    assert db.session.query(SlipAdvice).count() == 0
