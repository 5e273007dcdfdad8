"""The clerk's form for the text of a Resolution, before and after the vote: what is saved, and what is said of it."""

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.extensions import db
from app.models import Document, DocumentVersion, ResolutionVersion, Urgency
from app.views.text_forms import SENTENCES
from app.workflows import draft_texts, polls, resolutions
from app.workflows.rules.drafting import NotationError
from app.workflows.rules.resolution import parse_text
from app.workflows.rules.typed_draft import write_form
from tests.cabinet import MEMBERS
from tests.conftest import Scene
from tests.resolving import TEXT, Resolving
from tests.views.browser import Browser

At = Callable[[str], Browser]
FIELDS = ("subject", "bases", "body", "recipients", "archive")


@pytest.fixture
def drafted(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("drafted")
    clock.now = scene.later(17)
    return scene


def path(scene: Resolving) -> str:
    return f"/resolutions/{scene.resolution_id}/edit"


def typed(scene: Scene, **other: str) -> dict[str, str]:
    """What the form sends when nothing is changed, with some fields written otherwise."""
    signer = str(scene.who["head"].person_id)
    form = {name: write_form(TEXT)[name] for name in FIELDS}
    return form | {"version": "1", "signer_id": signer, "urgency": "normal", "public": "1", "reason": ""} | other


def value_of(page, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def problems(page, name: str) -> list[str]:
    box = re.search(rf'data-region="problems-{name}">(.*?)</div>', page.text, re.DOTALL)[1]
    return [html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", one))).strip() for one in box.split("</p>")[:-1]]


def latest() -> ResolutionVersion:
    return db.session.query(ResolutionVersion).order_by(ResolutionVersion.id.desc()).first()


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_the_form_holds_the_saved_text_and_gives_it_back_unchanged(app, at: At, drafted):
    page = at("clerk").get(path(drafted))
    sent = {name: value_of(page, name) for name in FIELDS}
    assert sent == {name: write_form(TEXT)[name] for name in FIELDS}
    assert at("clerk").post(path(drafted), **typed(drafted, **sent)).status_code == 303
    assert parse_text(latest().text) == TEXT
    assert latest().number == 2


def test_comparison_check_list_and_print_stand_beside_it(app, at: At, drafted):
    page = at("clerk").get(path(drafted)).text
    assert 'data-region="compared"' in page
    assert page.count("ec-checks") == 2
    images = re.findall(rf'src="({path(drafted)}/pages/\d+\.png[^"]*)"', page)
    assert len(images) == 1
    picture = at("clerk").get(images[0])
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    assert at("clerk").get(images[0], headers={"If-None-Match": picture.headers["ETag"]}).status_code == 304
    assert at("clerk").get(f"{path(drafted)}/pages/9.png").status_code == 404


@pytest.mark.parametrize("name", ["head", "records", "auditor", "a", "guest", "admin"])
def test_only_those_who_draft_have_the_form(app, at: At, drafted, name):
    for answer in (
        at(name).get(path(drafted)), at(name).client.post(path(drafted), json={}),
        at(name).client.post(f"{path(drafted)}/check", json={}), at(name).get(f"{path(drafted)}/pages/1.png"),
    ):  # fmt: skip
        assert answer.status_code in {403, 404}
    assert db.session.query(ResolutionVersion).count() == 1


@pytest.mark.parametrize("stage", ["presented", "signed", "promulgated"])
def test_once_it_is_presented_the_text_is_shut(app, at: At, clock, stage):
    scene = Resolving().up_to(stage)
    clock.now = scene.later(100)
    assert at("clerk").get(path(scene)).status_code == 409
    answer = at("clerk").client.post(path(scene), data=typed(scene), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")


# -- what is saved ----------------------------------------------------------------------------------------------------


def test_a_new_base_needs_no_reason(app, at: At, drafted):
    bases = typed(drafted)["bases"] + "\nCăn cứ Nghị định số 191/2026/NĐ-CP;"
    assert at("clerk").post(path(drafted), **typed(drafted, bases=bases)).status_code == 303
    assert parse_text(latest().text)["bases"][-1] == "Căn cứ Nghị định số 191/2026/NĐ-CP"
    assert not resolutions.differs(latest())
    assert 'id="reason"' not in at("clerk").get(path(drafted)).text


def test_another_change_asks_for_its_reason_and_shows_it_beside_the_comparison(app, at: At, drafted):
    body = typed(drafted)["body"].replace("tiếp cận vốn", "tiếp cận đất đai")
    shown = at("clerk").post(f"{path(drafted)}/check", **typed(drafted, body=body))
    assert shown.status_code == 200
    assert 'id="reason"' in shown.text
    assert "<ins>" in shown.text
    assert "<del>" in shown.text
    assert db.session.query(ResolutionVersion).count() == 1  # looked at, not saved
    at("clerk").post(path(drafted), **typed(drafted, body=body, reason="Theo kết luận của chủ tọa"))
    assert latest().reason == "Theo kết luận của chủ tọa"
    assert value_of(at("clerk").get(path(drafted)), "reason") == "Theo kết luận của chủ tọa"


def test_without_a_reason_it_is_saved_and_cannot_be_presented(app, at: At, drafted):
    body = typed(drafted)["body"].replace("tiếp cận vốn", "tiếp cận đất đai")
    assert at("clerk").post(path(drafted), **typed(drafted, body=body)).status_code == 303
    url = f"/resolutions/{drafted.resolution_id}/present"
    answer = at("clerk").client.post(url, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (409, "text_differs")


def test_signer_urgency_kind_and_publicity_are_saved_with_it(app, at: At, drafted):
    deputy = drafted.who["deputy"].person_id
    form = typed(drafted, signer_id=str(deputy), urgency="express", normative="1")
    form.pop("public")
    assert at("clerk").post(path(drafted), **form).status_code == 303
    resolution = drafted.resolution
    assert (resolution.signer_id, resolution.urgency) == (deputy, Urgency.EXPRESS)
    assert (resolution.normative, resolution.public) == (True, False)


def test_a_promulgated_resolution_can_be_replaced_and_no_other(app, at: At, clock):
    old = Resolving().up_to("promulgated")
    scene = Resolving().voted().drafted()
    clock.now = scene.later(100)
    assert f'<option value="{old.resolution_id}">' in at("clerk").get(path(scene)).text
    assert at("clerk").post(path(scene), **typed(scene, replaces_id=str(old.resolution_id))).status_code == 303
    assert scene.resolution.replaces_id == old.resolution_id
    wrong = at("clerk").post(path(scene), **typed(scene, version="2", replaces_id=str(scene.resolution_id)))
    assert wrong.status_code == 422
    assert 'id="replaces_id-e"' in wrong.text


# -- what is refused, and kept ----------------------------------------------------------------------------------------

WRONG = {
    "no summary": ({"subject": "  "}, "subject", 1),
    "a summary without end": ({"subject": "x" * 600}, "subject", 1),
    "no article": ({"body": "Đoạn văn không có điều."}, "body", 1),
    "an article left out": ({"body": "Điều 1. Một.\nĐiều 3. Ba."}, "body", 2),
    "clauses out of order": ({"body": "Điều 1. Tên\n1. Một.\n3. Ba."}, "body", 3),
    "points in the Latin order": ({"body": "Điều 1. Tên\n1. Một:\na) A;\nb) B;\nc) C;\nd) D;\ne) E."}, "body", 7),
    "a point without a clause": ({"body": "Điều 1. Tên\na) A."}, "body", 2),
    "a number of another kind": ({"body": "Điều 1. Tên\n1. Một.\n1.1. Hai."}, "body", 3),
    "an empty clause": ({"body": "Điều 1. Tên\n1."}, "body", 2),
    "an annex without a title": ({"body": "Điều 1. Tên.\nPhụ lục"}, "body", 2),
    "an invisible letter": ({"bases": "Căn cứ Luật\nCăn\u202e cứ"}, "bases", 2),
    "recipients without end": ({"recipients": "\n".join(f"Bộ {n}" for n in range(200))}, "recipients", None),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_line_that_cannot_be_read_is_said_with_its_number_and_nothing_is_lost(app, at: At, drafted, kind):
    other, field, line = WRONG[kind]
    form = typed(drafted, **other, reason="Lý do đã ghi")
    page = at("clerk").post(path(drafted), **form)
    assert page.status_code == 422
    said = problems(page, field)
    assert len(said) == 1
    if line and field in ("body", "bases", "recipients"):
        assert re.search(rf'data-goto="{field}" data-line="{line}"', page.text)
    for name in FIELDS:
        assert value_of(page, name) == form[name].replace("\r\n", "\n"), name
    assert "Lý do đã ghi" in page.text
    assert db.session.query(ResolutionVersion).count() == 1


def test_what_was_expected_is_said_in_words(app, at: At, drafted):
    page = at("clerk").post(path(drafted), **typed(drafted, body="Điều 1. Tên\n1. Một.\n3. Ba."))
    said = problems(page, "body")[0]
    assert "3." in said
    assert "2." in said


def test_every_way_of_going_wrong_has_its_words():
    assert set(SENTENCES) == set(NotationError.CODES)


def test_every_field_is_judged_not_only_the_first(app, at: At, drafted):
    page = at("clerk").post(path(drafted), **typed(drafted, subject="", body="Không có điều", bases="a\u202eb"))
    assert [len(problems(page, name)) for name in ("subject", "bases", "body", "recipients")] == [1, 1, 1, 0]


def test_markup_stays_text(app, at: At, drafted):
    body = "Điều 1. <script>alert(1)</script> 100% %(found)s.\n5. Sai thứ tự </textarea><b>x"
    page = at("clerk").post(path(drafted), **typed(drafted, body=body))
    assert page.status_code == 422
    assert "<script>alert" not in page.text
    assert value_of(page, "body") == body


def test_a_version_saved_meanwhile_is_not_overwritten_unseen(app, at: At, drafted):
    first = at("clerk").post(path(drafted), **typed(drafted, archive="VT, KTTH (2)"))
    second = at("secretary").post(path(drafted), **typed(drafted, archive="VT, NN (3)"))
    assert (first.status_code, second.status_code) == (303, 409)
    assert value_of(second, "archive") == "VT, NN (3)"
    assert parse_text(latest().text)["archive"] == "VT, KTTH (2)"
    version = re.search(r'name="version" value="(\d+)"', second.text)[1]
    again = at("secretary").post(path(drafted), **typed(drafted, archive="VT, NN (3)", version=version))
    assert again.status_code == 303
    assert parse_text(latest().text)["archive"] == "VT, NN (3)"


def test_somebody_who_holds_no_such_post_is_refused_as_signer_at_the_field(app, at: At, drafted):
    form = typed(drafted, signer_id=str(drafted.who["a"].person_id), archive="VT, mới (1)")
    page = at("clerk").post(path(drafted), **form)
    assert page.status_code == 422
    assert 'id="signer_id-e"' in page.text
    assert value_of(page, "archive") == "VT, mới (1)"
    assert db.session.query(ResolutionVersion).count() == 1


@pytest.mark.parametrize("odd", [{"signer_id": "x"}, {"urgency": "soon"}, {"replaces_id": "-1"}, {"version": "x"}])
def test_a_form_that_no_page_sends_is_refused(app, at: At, drafted, odd):
    answer = at("clerk").client.post(
        path(drafted), data=typed(drafted, **odd), headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json["code"]) == (422, "bad_field")


def test_a_text_too_large_for_any_document_is_refused(app, at: At, drafted):
    answer = at("clerk").client.post(
        path(drafted), data=typed(drafted, body="Điều 1. " + "a" * 900_000), headers={"Accept": "application/json"}
    )
    assert answer.status_code in {413, 422}


# -- the draft before the vote ----------------------------------------------------------------------------------------


def draft_path(scene: Scene) -> str:
    return f"/items/{scene.item_id}/draft-text"


def draft_form(**other: str) -> dict[str, str]:
    return {name: write_form(TEXT)[name] for name in FIELDS} | {"version": "0"} | other


def test_the_clerk_writes_the_draft_and_it_lies_with_the_papers(app, at: At, clock, scene):
    assert value_of(at("clerk").get(draft_path(scene)), "body") == ""
    assert at("clerk").post(draft_path(scene), **draft_form()).location == draft_path(scene)
    version = db.session.query(DocumentVersion).one()
    assert draft_texts.text_of(version) == TEXT
    assert db.session.query(Document).one().title.startswith("Dự thảo Nghị quyết về")
    page = at("clerk").get(draft_path(scene))
    assert value_of(page, "body") == write_form(TEXT)["body"]
    assert f"/papers/{version.id}" in page.text
    picture = at("clerk").get(f"{draft_path(scene)}/pages/1.png")
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    assert at("clerk").get(f"{draft_path(scene)}/pages/7.png").status_code == 404


def test_the_meeting_leads_to_the_draft(app, at: At, clock, scene):
    assert draft_path(scene) in at("clerk").get(f"/records/meetings/{scene.meeting_id}").text
    assert draft_path(scene) in at("clerk").get(f"/records/items/{scene.item_id}").text
    assert draft_path(scene) not in at("auditor").get(f"/records/items/{scene.item_id}").text


def test_a_draft_that_is_written_becomes_a_resolution_after_the_vote(app, at: At, clock, scene):
    at("clerk").post(draft_path(scene), **draft_form())
    scene.open()
    secretary = scene.who["secretary"]
    poll = polls.put_to_vote(secretary, scene.item_id, scene.now)
    for name in MEMBERS:
        scene.vote(name, poll.id, "agree")
    polls.close_poll(secretary, poll.id, scene.now)
    polls.publish_poll(secretary, poll.id, scene.now)
    made = resolutions.draft_resolution(scene.who["clerk"], poll.id, scene.now)
    assert parse_text(made.versions[-1].text) == TEXT


def test_a_draft_is_judged_without_being_saved(app, at: At, clock, scene):
    shown = at("clerk").post(f"{draft_path(scene)}/check", **draft_form(recipients=""))
    assert shown.status_code == 200
    assert "ec-bad" in shown.text
    assert db.session.query(DocumentVersion).count() == 0


def test_what_cannot_be_read_of_a_draft_stays_in_the_form(app, at: At, clock, scene):
    page = at("clerk").post(draft_path(scene), **draft_form(body="Điều 2. Hai."))
    assert page.status_code == 422
    assert problems(page, "body")
    assert value_of(page, "body") == "Điều 2. Hai."
    assert db.session.query(DocumentVersion).count() == 0


def test_a_draft_under_a_vote_is_shut_and_what_was_typed_stays(app, at: At, clock, scene):
    at("clerk").post(draft_path(scene), **draft_form())
    scene.open()
    version = db.session.query(DocumentVersion.id).scalar()
    scene.open_poll(document_version_id=version)
    page = at("clerk").post(draft_path(scene), **draft_form(version="1", archive="VT, khác (2)"))
    assert page.status_code == 409
    assert "ec-banner--bad" in page.text
    assert value_of(page, "archive") == "VT, khác (2)"
    assert db.session.query(DocumentVersion).count() == 1


def test_two_clerks_do_not_overwrite_each_other_unseen(app, at: At, clock, scene):
    assert at("clerk").post(draft_path(scene), **draft_form()).status_code == 303
    assert at("secretary").post(draft_path(scene), **draft_form()).status_code == 409
    assert db.session.query(DocumentVersion).count() == 1


@pytest.mark.parametrize("name", ["head", "records", "auditor", "a", "guest", "admin"])
def test_only_clerks_write_drafts(app, at: At, clock, scene, name):
    assert at(name).get(draft_path(scene)).status_code in {403, 404}
    assert at(name).client.post(draft_path(scene), json={}).status_code in {403, 404}
    assert db.session.query(DocumentVersion).count() == 0
