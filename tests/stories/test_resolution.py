"""The end of a session in real browsers: from the close of the vote to the page that everybody can check on a phone."""

import pytest

from app.workflows.rules.evidence import read_bundle
from tests.stories import issuing
from tests.stories.person import TABLET
from tests.stories.session import HEAD, Session
from tests.web import Caller

pytestmark = pytest.mark.browser


def test_a_resolution_from_the_close_of_the_vote_to_the_public_page(enter, web, tmp_path):
    head = enter(HEAD, TABLET)
    session = Session(web, enter, people={HEAD: head})
    for rank in range(2, issuing.VOTERS + 2):
        session.callers[f"tv{rank:02}"] = Caller(web.url, f"tv{rank:02}").sign_in()
    issuing.hold_the_vote(session, head)
    hall = issuing.watch_in_the_hall(session)
    issuing.publish(session, hall)
    address = issuing.draft_and_present(session, hall)
    issuing.read_and_sign(session)
    issuing.the_server_restarts_before_the_answer(session, hall, session.people[issuing.CLERK])
    number = issuing.number_and_seal(session)
    issuing.promulgate(session, hall, number)
    member = issuing.receive(session, number)
    issuing.check_in_public(session, member, number, tmp_path)
    head.go(address)
    bundle = Caller(web.url, "kiemtoan").sign_in().get(f"/polls/{session.poll_id}/evidence.zip").content
    assert {name for name in read_bundle(bundle) if name.startswith("resolution/")} == {
        "resolution/text.json", "resolution/changes.json", "resolution/resolution.pdf"
    }  # fmt: skip
