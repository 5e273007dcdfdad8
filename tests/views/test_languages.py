"""Every page speaks one language: what is not translated comes from the data, in every state and for everybody."""

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from sqlalchemy import select, update
from wtforms import StringField

from app.extensions import db
from app.models import (
    Body,
    Digest,
    DigestKind,
    DocumentVersion,
    Job,
    MeetingKind,
    Poll,
    QuestionKind,
    RecoveryKind,
    Urgency,
)
from app.tasks import relay
from app.views import errors
from app.views.text_forms import FREELY, SENTENCES
from app.workflows import (
    digest_sections,
    exports,
    keys,
    meetings,
    promulgation,
    resolutions,
    slip_closing,
    slip_drafts,
    slip_issue,
    slip_rounds,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.public_tries import MOST, Try
from app.workflows.rules.timetable import OPENING, Week
from app.workflows.slips import Question
from tests.cabinet import TODAY
from tests.conftest import Scene
from tests.resolving import TEXT, Resolving
from tests.slipping import CONSENT, LATE, REASON, SlipScene
from tests.views.brackets import LETTER, data, left_outside, speak_in_brackets, without_brackets
from tests.views.browser import Browser, Clock
from tests.views.test_verification import STRANGE, content, send
from tests.views.whole_meeting import stages

At = Callable[[str | None], Browser]
WATCHERS = ["head", "a", "secretary", "guest"]
OTHERS = ["under_a", "clerk", "auditor"]
TELLING = ["answered", "voted", "told"]  # turns at which everybody looks at everything
NOT_PAGES = {
    "/slips/waiting", "/slips/<int:slip_id>/receipt", "/slips/files/<int:upload_id>",
    "/slips/<int:slip_id>/board/state", "/slips/<int:slip_id>/board.<string:ending>",
    "/slips/<int:slip_id>/evidence.zip", "/slips/<int:slip_id>/report.pdf",
    "/slips/<int:slip_id>/synthesis.<string:ending>", "/slips/<int:slip_id>/explanations.<string:ending>",
    "/back", "/login/", "/locked", "/notices/count", "/sw.js", "/meetings/<int:meeting_id>/snapshot",
    "/meetings/<int:meeting_id>/minutes", "/meetings/<int:meeting_id>/minutes/<int:number>.pdf",
    "/papers/<int:version_id>/file", "/exports/<int:export_id>/file", "/digests/<int:digest_id>/file",
    "/reports/weekly/<int(fixed_digits=4):year>-<int(fixed_digits=2):week>.pdf",
    "/reports/weekly/<int(fixed_digits=4):year>-<int(fixed_digits=2):week>.xlsx",
    "/reports/slips/workbook.xlsx", "/calendar/advice", "/calendar/feed/<string:secret>.ics",
    "/polls/verify_evidence.py", "/resolutions/<int:resolution_id>/evidence.zip",
    "/resolutions/<int:resolution_id>/long-term.pdf",
    "/polls/<int:poll_id>/evidence.zip", "/polls/<int:poll_id>/receipt", "/polls/<int:poll_id>/tally.pdf",
    "/items/<int:item_id>/draft-text/pages/<int:page>.png", "/resolutions/<int:resolution_id>/file",
    "/resolutions/<int:resolution_id>/pages/<int:page>.png",
    "/resolutions/<int:resolution_id>/edit/pages/<int:page>.png",
}  # fmt: skip
OF_OFFICE = {  # looked at in test_slip_office_words.py
    "/slips/new", "/slips/approvals", "/slips/<int:slip_id>/edit", "/slips/<int:slip_id>/draft-text",
    "/slips/chain/", "/slips/<int:slip_id>/preview", "/slips/<int:slip_id>/board",
    "/slips/<int:slip_id>/board/<int:member_id>",
}  # fmt: skip
OF_RESULTS = {  # looked at in test_slip_result_words.py
    "/slips/<int:slip_id>/synthesis", "/slips/<int:slip_id>/explanations", "/slips/<int:slip_id>/next-draft",
    "/slips/<int:slip_id>/report", "/slips/returned",
}  # fmt: skip
OF_AIDES = {"/slips/aides", "/slips/<int:slip_id>/advice"}
OF_RESOLUTIONS = ("/resolutions/", "/xac-minh/", "/items/")
KEEPS = {"accounts": "admin", "gaps": "auditor", "seals": "records", "signature-pictures": "records"}
OFFICES = ["clerk", "auditor", "admin", "head", "records"]


class Leaks:
    """The untranslated texts that were met, each with the first place where it stood."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.pages = 0
        self.known = data()

    def look(self, where: str, answer) -> None:
        assert answer.status_code != 500, where
        if answer.mimetype == "text/html" and not answer.location:  # browsers show nothing of a redirection
            self.pages, page = self.pages + 1, answer.get_data(as_text=True)
            if left_outside(page, self.known):
                self.known = data()  # requests write too
                self.found |= {text: where for text in left_outside(page, self.known) if text not in self.found}


@pytest.fixture(autouse=True)
def brackets(monkeypatch):
    speak_in_brackets(monkeypatch)


def test_a_word_outside_of_brackets_is_found(app: Flask):
    """The instrument itself: text, titles, sentences of scripts, and values that fill a sentence."""
    page = """<html><head><title>«Start»</title></head><body title="Back"><p>«Chair: »Trần Văn Một</p><p>Vote</p>
        <p>«Outcome: »adopted</p><pre>raw</pre><script data-ec-text>{"a": "Sent"}</script><script>let x</script></body>
        </html>"""
    assert left_outside(page, data()) == ["Back", "Vote", "«Outcome: »adopted", "Sent"]


# -- a meeting from its preparation to its end ------------------------------------------------------------------------


def main_pages(scene: Scene) -> list[str]:
    """What changes with every turn."""
    here = f"/meetings/{scene.meeting_id}"
    votes = [f"/polls/{poll_id}{part}" for poll_id in db.session.scalars(select(Poll.id)) for part in ("", "/result")]
    return ["/", here, f"{here}/cockpit", f"/man-hinh/{scene.meeting_id}", *votes]


def other_pages() -> list[str]:
    checked = [f"/polls/{poll_id}/verify" for poll_id in db.session.scalars(select(Poll.id))]
    read = [f"/papers/{version_id}" for version_id in db.session.scalars(select(DocumentVersion.id))]
    return ["/meetings/", "/meetings/?q=98765", "/absences/", "/notices/", "/notices/settings/", "/notices/deliveries/",
            "/keys/", "/passkeys/", "/password/", "/chain/", "/calendar/?days=2", "/calendar/?view=list&days=1",
            "/calendar/feed", *checked, *read]  # fmt: skip


def pages(app: Flask) -> set[str]:
    """The address rules of pages, apart from the generated ones and from those of sign-in."""
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return {rule for rule in rules - NOT_PAGES if not rule.startswith(("/records/", "/static/", "/api/"))}


def rules_of(app: Flask, paths: set[str]) -> set[str]:
    """The address rules behind paths."""
    known = app.url_map.bind("localhost")
    return {known.match(path.partition("?")[0], return_rule=True)[0].rule for path in paths}


def test_no_page_of_a_meeting_has_a_word_of_its_own(app: Flask, at: At, scene: Scene):
    leaks, asked = Leaks(), set()
    for stage in stages(scene):
        paths = main_pages(scene) + (other_pages() if stage in TELLING else [])
        for name in WATCHERS + (OTHERS if stage in TELLING else []):
            for path in paths:
                leaks.look(f"{stage}: {name} at {path}", at(name).get(path))
        asked.update(paths)
    assert leaks.found == {}
    assert leaks.pages > 200
    probes = ("/healthz", "/readyz", "/metrics", "/pki/")  # nobody reads them
    elsewhere = (*OF_RESOLUTIONS, *probes, "/exports/", "/digests/", "/reports/", "/slips/")
    assert {rule for rule in pages(app) if not rule.startswith(elsewhere)} == rules_of(app, asked)


def test_no_digest_and_no_report_has_a_word_of_its_own(app: Flask, at: At):
    """Of a day with everything in it, and of the week."""
    leaks, asked, scene = Leaks(), set(), Resolving().up_to("promulgated")
    body, before, week = db.session.get_one(Body, 1), scene.now - dt.timedelta(days=1), Week.of(TODAY)
    for name in ("a", "clerk", "records"):
        who = scene.who[name]
        told = digest_sections.daily(who, body, TODAY, before, scene.later(60))
        about = digest_sections.session(who, scene.meeting, OPENING, before, scene.later(60))
        for made in filter(None, (told, about)):
            kind = DigestKind(made.kind)
            kept = {"kind": kind, "slot": kind.value, "content": made.as_dict(), "made_at": scene.now}
            db.session.add(Digest(body_id=1, person_id=who.person_id, **kept))
    db.session.commit()
    read = [f"/digests/{digest_id}" for digest_id in db.session.scalars(select(Digest.id))]
    counted = ["/reports/slips/", "/reports/slips/rows"]
    weekly = [f"/reports/weekly/{one}" for one in (week.before, week)]
    paths = ["/digests/", *read, *counted, "/reports/weekly/", *weekly]
    for name in ("a", "clerk", "records", "head"):
        for path in paths:
            leaks.look(f"{name} at {path}", at(name).get(path))
    asked.update(paths)
    assert leaks.found == {}
    assert len(read) >= 4
    assert {rule for rule in pages(app) if rule.startswith(("/digests/", "/reports/"))} == rules_of(app, asked)


def test_no_page_of_a_slip_has_a_word_of_its_own(app: Flask, at: At, clock: Clock):
    """Asked with every kind of question, drafted, answered, changed, recalled, in its next round, and over."""
    leaks, asked, scene = Leaks(), set(), SlipScene()
    pick = Question(QuestionKind.PICK, "Chọn phương án", ("Một", "Hai"))
    first = scene.issue(CONSENT, pick, Question(QuestionKind.TEXT, "Ý kiến khác"), urgency=Urgency.EXPRESS)
    plain, draft = scene.issue(), scene.draft().id

    def look(when: str, *more: str) -> None:
        paths = [f"/slips/{number}" for number in (first, plain, draft)] + ["/slips/", "/slips/together", "/", *more]
        for name in ("a", "b", "clerk"):
            browser = Browser(app, name)
            for path in paths:
                leaks.look(f"{when}: {name} at {path}", browser.get(path))
        asked.update(paths)

    look("issued", "/slips/?state=closed&q=98765", "/slips/?urgency=express&order=late")
    said = {"question": 1, "choice": "other", "option": None, "text": "Đề nghị làm rõ", "articles": []}
    typed = {"answers": [said], "reservation": True, "uploads": []}
    slip_drafts.save_draft(scene.who["a"], plain, typed, 0, now=scene.now)
    look("drafted")
    scene.answer("a", plain, "disagree", text="Chưa đủ căn cứ", reservation=True)
    scene.answer("a", plain, "agree")
    look("answered", f"/slips/{plain}/verify")
    slip_closing.recall_slip(scene.who["clerk"], first, REASON, now=scene.now)
    second = slip_rounds.new_round(scene.who["clerk"], first, now=scene.now).id
    scene.approve(second)
    slip_issue.issue_slip(scene.who["deputy"], second, now=scene.now)
    look("in the next round", f"/slips/{second}")
    clock.now = LATE
    look("over")
    slip_closing.close_slip(SYSTEM, plain, now=LATE)
    look("counted", f"/slips/{plain}/verify")
    assert leaks.found == {}
    elsewhere = OF_OFFICE | OF_RESULTS | OF_AIDES
    assert {rule for rule in pages(app) if rule.startswith("/slips/")} - elsewhere == rules_of(app, asked - {"/"})


def test_no_turn_of_a_dossier_has_a_word_of_its_own(app: Flask, at: At, scene: Scene):
    """Waiting, waiting after a failure, being made, made, failed."""
    leaks = Leaks()
    scene.invite()
    export = exports.ask_export(scene.who["a"], scene.meeting_id, scene.now)
    id_, job_id = export.id, export.job_id
    turns = {"attempts": 0}, {"attempts": 2}, {"state": "running", "progress_total": 9}, {"state": "failed"}, None
    for turn in turns:
        if turn:
            db.session.execute(update(Job).where(Job.id == job_id).values(**turn))
            db.session.commit()
        else:
            exports.make_export(SYSTEM, id_, scene.now)
        for path in (f"/exports/{id_}", f"/meetings/{scene.meeting_id}"):
            leaks.look(f"{turn} at {path}", at("a").get(path))
    assert leaks.found == {}
    assert leaks.pages == 10


# -- a Resolution from its draft to its recall ------------------------------------------------------------------------


def resolution_pages(scene: Resolving) -> set[str]:
    here, meeting = f"/resolutions/{scene.resolution_id}", f"/meetings/{scene.meeting_id}"
    own = {here, f"{here}/sign", f"{here}/issue", f"{here}/edit", f"/items/{scene.item_id}/draft-text"}
    lists = {"/resolutions/", "/resolutions/?q=98765", "/resolutions/?state=out", "/resolutions/issue"}
    public = {"/xac-minh/", f"/xac-minh/{scene.resolution.token}"}
    around = {"/", "/notices/", meeting, f"{meeting}/cockpit", f"/man-hinh/{scene.meeting_id}"}
    return own | lists | public | around | {f"/polls/{scene.poll_id}/result"}


def lives(scene: Resolving) -> Iterator[str]:
    """Lead it through its life and stop at each turn."""
    scene.equipped().voted().drafted()
    yield "drafted"
    clerk, head, id_ = scene.who["clerk"], scene.who["head"], scene.resolution_id
    text = {**TEXT, "subject": "Về việc khác", "articles": TEXT["articles"][::-1], "recipients": TEXT["recipients"][:1]}
    resolutions.edit_resolution(clerk, id_, text, "Chỉnh lý kỹ thuật", scene.later(16))
    yield "written otherwise"
    scene.presented()
    yield "presented"
    resolutions.return_resolution(head, id_, "Sai tên cơ quan", scene.later(19))
    yield "returned"
    resolutions.present_resolution(clerk, id_, scene.later(21))
    scene.signed(changes_seen=True)
    yield "signed"
    for turn in ("numbered", "sealed", "promulgated"):
        getattr(scene, turn)()
        relay.drain(scene.later(55))
        yield turn
    promulgation.acknowledge(head, id_, scene.later(56))
    scene.recalled()
    yield "recalled"


def test_no_page_of_a_resolution_has_a_word_of_its_own(app: Flask, at: At):
    leaks, asked, scene = Leaks(), set(), Resolving()
    for turn in lives(scene):
        paths = resolution_pages(scene)
        asked |= paths
        for name in ("head", "a", "clerk", "records", "auditor", "under_a"):
            for path in sorted(paths):
                leaks.look(f"{turn}: {name} at {path}", at(name).get(path))
    assert leaks.found == {}
    assert leaks.pages > 300
    assert {rule for rule in pages(app) if rule.startswith(OF_RESOLUTIONS)} <= rules_of(app, asked)


def test_no_answer_of_the_public_page_has_a_word_of_its_own(app: Flask, at: At):
    """Files of every kind, codes of nobody, too much of both."""
    leaks, scene, stranger = Leaks(), Resolving().up_to("promulgated"), app.test_client()
    own = f"/xac-minh/{scene.resolution.token}"
    for kind, (pdf, _band) in STRANGE.items():
        for path in ("/xac-minh/", own):
            leaks.look(f"{kind} at {path}", send(stranger, path, pdf))
    leaks.look("no file", send(stranger, "/xac-minh/", None))
    leaks.look("a large file", send(stranger, "/xac-minh/", bytes(21 * 1024 * 1024)))
    leaks.look("its own file", send(stranger, own, content(scene)))
    for n in range(MOST[Try.GUESS] + 1):
        leaks.look("a guess", stranger.get(f"/xac-minh/{n:032x}"))
    for n in range(MOST[Try.UPLOAD]):
        leaks.look("many files", send(stranger, "/xac-minh/", b"%d" % n))
    assert leaks.found == {}
    assert leaks.pages > 60


def test_no_complaint_about_a_typed_text_has_a_word_of_its_own(app: Flask, at: At):
    """What is said of a line; what stood there and what belongs there fills the sentence."""
    with app.test_request_context():
        said = {code: without_brackets(str(sentence)) for code, sentence in {**SENTENCES, "": FREELY}.items()}
    assert {code: rest for code, rest in said.items() if LETTER.search(rest)} == {}
    leaks, scene = Leaks(), Resolving().up_to("drafted")
    form = {"version": "1", "urgency": "normal", "body": "Điều 1. Một.\n2.", "reason": "", "subject": ""}
    for path in (f"/resolutions/{scene.resolution_id}/edit", f"/items/{scene.item_id}/draft-text"):
        for sent in (form, {**form, "version": "7", "subject": "Về việc khác", "body": "Điều 1. Một."}):
            answer = at("clerk").post(path, **sent)
            assert answer.status_code in (409, 422)
            leaks.look(f"{sent} at {path}", answer)
    typed = {"Điều 1. Một. 2.", "Điều 1. Một.", "Về việc khác"}
    assert set(leaks.found) <= typed  # as it stands in its field


# -- generated lists and forms -----------------------------------------------------------------------------------------


def record_pages(app: Flask) -> list[str]:
    """Every list and every empty form; of the pages about one row those of some rows."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/records/") and "GET" in rule.methods]
    lists = [rule.rule for rule in rules if not rule.arguments]
    rows = [rule.rule.replace("<int:pk>", str(pk)) for rule in rules if rule.arguments == {"pk"} for pk in (1, 2, 6)]
    return lists + rows


@pytest.fixture
def full(scene: Scene) -> Scene:
    for _stage in stages(scene):
        pass
    clerk = scene.who["clerk"]
    meetings.create_meeting(
        clerk, 1, MeetingKind.THEMATIC, "Phiên họp sau", scene.now.replace(month=9), "Phòng họp số 2", now=scene.now
    )
    asked = keys.request_recovery(clerk, scene.who["b"].person_id, RecoveryKind.REPLACE, "Mất mã", now=scene.now)
    keys.approve_recovery(scene.who["secretary"], asked.id, now=scene.now)
    return scene


def test_no_list_and_no_form_has_a_word_of_its_own(app: Flask, at: At, full: Scene):
    leaks = Leaks()
    for name in OFFICES:
        for path in record_pages(app):
            leaks.look(f"{name} at {path}", at(name).get(path))
    assert leaks.found == {}
    assert leaks.pages > 100


def test_no_complaint_of_a_form_has_a_word_of_its_own(app: Flask, at: At, full: Scene):
    """Sent empty, and sent with nonsense in every field."""
    leaks = Leaks()
    for path in record_pages(app):
        if path.endswith(("/add", "/edit")):
            name = KEEPS.get(path.split("/")[2], "clerk")
            leaks.look(f"{name} sends {path}", at(name).post(path))
            nonsense = dict.fromkeys(_fields(at(name).get(path)), "0 %(100)s % <")
            leaks.look(f"{name} sends nonsense to {path}", at(name).post(path, **nonsense))
    assert leaks.found == {}
    assert leaks.pages > 20


def test_what_was_typed_stays_text_in_a_complaint(app: Flask):
    """A complaint arrives translated and filled in; translating it once more would take it for markup with blanks."""

    class Form(FlaskForm):
        name = StringField("Tên")

    with app.test_request_context():
        form = Form()
        form.name.errors = ["“<b>100% %(x)s” đang có hiệu lực."]
        shown = render_template_string(
            "{% import 'appbuilder/general/lib.html' as lib with context %}{{ lib.render_field(form.name) }}", form=form
        )
    assert "“&lt;b&gt;100% %(x)s” đang có hiệu lực." in shown


def _fields(answer) -> list[str]:
    return re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', answer.text) if answer.status_code == 200 else []


# -- pages that stand in the way ---------------------------------------------------------------------------------------


def test_no_page_of_sign_in_has_a_word_of_its_own(app: Flask, at: At, monkeypatch):
    leaks = Leaks()
    stranger = app.test_client()
    leaks.look("sign-in", stranger.get("/login/"))
    with monkeypatch.context() as shown:
        shown.setitem(app.config, "DEMO", True)
        leaks.look("sign-in of a demonstration", stranger.get("/login/"))
    leaks.look("wrong password", stranger.sign_in("a", "wrong"))
    for _ in range(5):
        stranger.sign_in("b", "wrong")
    leaks.look("locked account", stranger.sign_in("b", "wrong"))
    person = at("deputy")
    leaks.look("unknown address", person.get("/nowhere"))
    person.post("/lock")
    leaks.look("locked screen", person.get("/locked"))
    leaks.look("wrong unlocking", person.post("/unlock", password="wrong"))
    assert leaks.found == {}
    assert leaks.pages >= 6


def test_no_page_of_an_error_has_a_word_of_its_own(app: Flask):
    leaks = Leaks()
    for status in errors.SAID:
        with app.test_request_context("/"):
            answer = app.make_response(errors.answer(status))
        answer.status_code = status if status != 500 else 400
        leaks.look(f"status {status}", answer)
    assert leaks.found == {}
    assert leaks.pages == len(errors.SAID)
