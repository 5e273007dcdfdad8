"""Every generated list: for whom it exists, how many statements it takes, and what odd addresses do to it."""

import datetime as dt
import re

import pytest
from flask_appbuilder import ModelView
from sqlalchemy import event
from wtforms import Field

from app.extensions import db
from app.models import (
    Absence,
    AgendaItem,
    Appointment,
    AuditEntry,
    CalendarDay,
    Certificate,
    Channel,
    ContactAddress,
    DayKind,
    DeclaredGap,
    DeclaredGapConsent,
    Delivery,
    Dispatch,
    Document,
    DocumentKind,
    DocumentVersion,
    IssuedNumber,
    ItemKind,
    Job,
    KeyRecovery,
    KeyState,
    LoginSession,
    Meeting,
    MeetingKind,
    MemberStaff,
    MemberTrip,
    Notice,
    NumberCancellation,
    NumberSeries,
    Office,
    Organisation,
    OrganisationKind,
    Person,
    Poll,
    Procedure,
    RecoveryKind,
    Refusal,
    Resolution,
    ResolutionState,
    RuleSet,
    SealKey,
    Seat,
    SeatRole,
    SignaturePicture,
    SignedStatement,
    Slip,
    SlipRecipient,
    SlipReminder,
    StatementKind,
    TripKind,
    WitnessFinding,
    WitnessReport,
)
from app.security import SCREENS
from app.views.record_rows import COUNTED, BoundedCount, RecordInterface
from app.views.records import RecordView
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import use_case
from tests.cabinet import NOW
from tests.conftest import on_postgresql

PERSON_OF = {"van_phong": "clerk", "van_thu": "records", "kiem_toan": "auditor", "quan_tri": "admin",
             "thanh_vien": "chairman", "khach": "guest"}  # fmt: skip
NAMES = [
    "MeetingRecords", "ItemRecords", "PaperRecords", "VersionRecords", "PollRecords", "SeatRecords", "AbsenceRecords",
    "PersonRecords", "AppointmentRecords", "OrganisationRecords", "BodyRecords", "StaffRecords", "RuleSetRecords",
    "KeyRecords", "RecoveryRecords", "AccountRecords", "SessionRecords", "JobRecords", "AuditRecords", "RefusalRecords",
    "OutgoingRecords", "SealRecords", "SpecimenRecords", "DeliveryRecords",
    "WitnessRecords", "GapRecords", "CalendarRecords", "UnansweredRecords", "TripRecords",
    "SlipRuleSetRecords", "SlipRecords", "SlipReminderRecords",
]  # fmt: skip
ROWS = 60
ABOUT_ONESELF = (
    "login_session.token_sha256 =", "FROM ab_user \n", "person.user_id = ?", "appointment.person_id = ?",
    "seat.person_id = ?",
)  # fmt: skip


def screens(app) -> dict[str, RecordView]:
    return {type(view).__name__: view for view in app.appbuilder.baseviews if isinstance(view, RecordView)}


def one_who_sees(name: str) -> str:
    return next(PERSON_OF[role] for role in PERSON_OF if ("can_list", name) in SCREENS[role])


@use_case
def fill(_actor, meeting_id: int, item_id: int) -> None:
    """Sixty rows in every table that a list shows."""
    at, paper = NOW, Document(
        body_id=1, meeting_id=meeting_id, item_id=item_id, kind=DocumentKind.BRIEF, title="Tài liệu",
        title_fold="tai lieu",
    )  # fmt: skip
    series = NumberSeries(body_id=1, type="resolution", normative=False, year=2026)
    slip = Slip(body_id=1, matter="Việc", title_fold="viec", working_days=2, drafted_at=at)
    db.session.add_all([paper, series, slip])
    db.session.flush()
    for n in range(ROWS):
        person = Person(home_body_id=1, full_name=f"Người {n}", name_fold=f"nguoi {n}", sort_key=f"{n:04}")
        meeting = Meeting(body_id=1, kind=MeetingKind.REGULAR, title=f"Phiên {n}", title_fold=f"phien {n}",
                          held_on=at.date(), starts_at=at, place="Hà Nội")  # fmt: skip
        db.session.add_all([person, meeting])
        db.session.flush()
        named = {"body_id": 1, "subject_type": "meeting", "subject_id": n, "actor_id": person.id, "at": at}
        paper_of = {"body_id": 1, "meeting_id": meeting_id, "item_id": item_id, "title": f"Tài liệu {n}",
                    "title_fold": f"tai lieu {n}"}  # fmt: skip
        db.session.add_all([
            Organisation(body_id=1, kind=OrganisationKind.UNIT, name=f"Vụ {n}", name_fold=f"vu {n}",
                         abbreviation=f"V{n}", parent_id=1),
            Appointment(body_id=1, person_id=person.id, office=Office.DEPUTY_MINISTER, organisation_id=1,
                        post="Thứ trưởng", rank=n + 100, valid_from=dt.date(2020, 1, 1)),
            MemberStaff(body_id=1, member_id=1, aide_id=person.id, valid_from=dt.date(2020, 1, 1)),
            *(RuleSet(body_id=1, code=f"R{n}", name=f"Quy tắc {n}", procedure=procedure, parameters={},
                      valid_from=dt.date(1950 + n, 1, 1), valid_to=dt.date(1951 + n, 1, 1), legal_source="Luật",
                      confirmed=False) for procedure in Procedure),
            CalendarDay(body_id=1, day=dt.date(2026, 6, 1) + dt.timedelta(n), kind=DayKind.OFF, note=f"Nghỉ {n}"),
            MemberTrip(body_id=1, member_id=person.id, kind=TripKind.HOME, begins_at=at,
                       ends_at=at + dt.timedelta(days=n + 1)),
            AgendaItem(body_id=1, meeting_id=meeting_id, position=n + 2, kind=ItemKind.REPORT, title=f"Nội dung {n}",
                       title_fold=f"noi dung {n}", organisation_id=1),
            Document(kind=DocumentKind.BRIEF, **paper_of),
            DocumentVersion(body_id=1, meeting_id=meeting_id, document_id=paper.id, number=n + 1, sha256="0" * 64,
                            size=1, pages=1, file_name="a.pdf", content="", content_fold="",
                            uploaded_by_id=person.id, uploaded_at=at),
            Slip(body_id=1, matter=f"Phiếu {n}", title_fold=f"phieu {n}", working_days=2, drafted_at=at,
                 organisation_id=1, drafted_by_id=person.id),
            Poll(body_id=1, meeting_id=meeting_id, item_id=item_id, question=f"Thông qua {n}?"),
            Seat(body_id=1, meeting_id=meeting_id, person_id=person.id, role=SeatRole.GUEST, post="Khách mời"),
            Absence(body_id=1, meeting_id=meeting_id, member_id=person.id, reason="Bận", requested_at=at),
            KeyRecovery(body_id=1, person_id=person.id, kind=RecoveryKind.REPLACE, reason="Mất", requested_by_id=1,
                        requested_at=at),
            LoginSession(token_sha256=f"{n:064}", user_id=1, device="iPad", created_at=at, last_seen_at=at),
            AuditEntry(fact="MeetingOpened", payload={}, sha256="0" * 64, **named),
            Refusal(act="open_poll", code="no_quorum", **named),
            Job(body_id=1, name="notices.tell", payload={}, dedupe_key=f"t{n}", created_at=at, due_at=at),
        ])  # fmt: skip
        _send(person, n)
        _remind(slip, person)
        _lose(person, n)
        _issue(series, item_id, meeting_id, person, n)


def _send(person: Person, n: int) -> None:
    """A notice on its way to an address."""
    notice = Notice(body_id=1, person_id=person.id, audit_entry_id=1, kind="PollAnnulled", details={}, created_at=NOW)
    contact = ContactAddress(body_id=1, person_id=person.id, channel=Channel.SMS, address=f"+849{n:08}", added_at=NOW)
    db.session.add(
        Delivery(body_id=1, person_id=person.id, key=f"d{n}", notice=notice, channel=Channel.SMS, contact=contact,
                 created_at=NOW, not_before=NOW)
    )  # fmt: skip


def _remind(slip: Slip, person: Person) -> None:
    """A member who is asked and was reminded."""
    entry = SlipRecipient(
        slip_id=slip.id, member_id=person.id, body_id=1, appointment_id=1, roll_index=person.id, name=person.full_name,
        post="", abbreviation="", is_head=False,
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()
    db.session.add(SlipReminder(body_id=1, slip_id=slip.id, member_id=person.id, deadline_at=NOW, step=24, at=NOW))


def _lose(person: Person, n: int) -> None:
    """A witness that knows more, and two people who declared that."""
    report = WitnessReport(body_id=1, witness="w.example", finding=WitnessFinding.AHEAD, known_size=9, own_size=n,
                           about="0" * 64, note="x", at=NOW)  # fmt: skip
    gap = DeclaredGap(body_id=1, report=report, missing_from=n, missing_to=9, reason="Khôi phục", declared_by=person,
                      declared_as=Office.HEAD, declared_at=NOW)  # fmt: skip
    gap.consent = DeclaredGapConsent(body_id=1, person=person, at=NOW)
    db.session.add(gap)


def _issue(series: NumberSeries, item_id: int, meeting_id: int, person: Person, n: int) -> None:
    """A number, every third one cancelled, its recipient, and a seal and a specimen signature of that time."""
    poll = Poll(body_id=1, meeting_id=meeting_id, item_id=item_id, question=f"Ban hành {n}?")
    resolution = Resolution(
        body_id=1, meeting_id=meeting_id, item_id=item_id, poll=poll, state=ResolutionState.NUMBERED, token=f"{n:032}",
        subject=f"Về việc {n}", subject_fold=f"ve viec {n}", signer=person, signer_post="Thủ tướng Chính phủ",
        drafted_at=NOW, presented_at=NOW, signed_at=NOW, numbered_at=NOW,
    )  # fmt: skip
    number = IssuedNumber(body_id=1, series=series, resolution=resolution, number=n + 1, text=f"{n + 1:02}/NQ-CP",
                          issued_on=NOW.date(), at=NOW)  # fmt: skip
    if n % 3 == 0:
        number.cancellation = NumberCancellation(body_id=1, reason="Dừng ban hành", at=NOW)
    certificate = Certificate(body_id=1, serial=f"{n:X}", subject=f"Chính phủ {n}", issuer="CA", sha256=f"{n:064x}",
                              der=b"x", not_before=NOW, not_after=NOW)  # fmt: skip
    seal = SealKey(body_id=1, certificate=certificate, key_ref=f"con-dau-{n}", picture=b"x", state=KeyState.REPLACED,
                   enrolled_at=NOW)  # fmt: skip
    unproven = SignedStatement(body_id=1, kind=StatementKind.BALLOT, person_id=person.id, statement=b"{}", cms=b"x",
                               sha256=f"{n:064x}", certificate=certificate, signed_at=NOW)  # fmt: skip
    db.session.add_all([
        number, seal, unproven, SignaturePicture(body_id=1, person_id=person.id, png=b"x", sha256="0" * 64, at=NOW),
        Dispatch(body_id=1, resolution=resolution, person_id=person.id, name=person.full_name, sent_at=NOW),
    ])  # fmt: skip


class Statements:
    """What the database was asked while the block ran."""

    def __enter__(self) -> list[str]:
        self.seen: list[str] = []
        event.listen(db.engine, "before_cursor_execute", self._hear)
        return self.seen

    def __exit__(self, *_args: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._hear)

    def _hear(self, _connection, _cursor, statement, *_args) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            self.seen.append(statement)


def test_every_generated_screen_is_on_this_list(app):
    assert sorted(screens(app)) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_exists_for_those_whose_role_has_it_and_for_nobody_else(app, at, name):
    path = f"{screens(app)[name].route_base}/"
    found = {role: at(person).get(path).status_code for role, person in PERSON_OF.items()}
    assert found == {role: 200 if ("can_list", name) in SCREENS[role] else 403 for role in PERSON_OF}
    assert app.test_client().get(path).status_code == 302


@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_sixty_rows_takes_three_statements_beside_those_about_the_person(app, scene, at, name):
    fill(SYSTEM, scene.meeting_id, scene.item_id)
    browser, path = at(one_who_sees(name)), f"{screens(app)[name].route_base}/?psize_{name}=100"
    assert browser.get(path).status_code == 200
    db.session.remove()
    with Statements() as asked:
        answer = browser.get(path)
    others = [statement for statement in asked if not any(mark in statement for mark in ABOUT_ONESELF)]
    # what each queue has to do, and who is at work; the bodies, and the days of the year; how many rows each chip has;
    # what is missing beside each row
    above = {"JobRecords": 2, "CalendarRecords": 2, "KeyRecords": 1, "UnansweredRecords": 1, "SlipRecords": 1}
    assert len(others) <= 3 + above.get(name, 0), "\n\n".join(others)
    if name not in {"BodyRecords", "KeyRecords", "AccountRecords"}:
        assert answer.text.count("<tr>") > ROWS


def test_an_administrator_has_no_screen_on_meetings_polls_papers_or_keys():
    words = ("Meeting", "Item", "Paper", "Version", "Poll", "Seat", "Absence", "Key", "Recovery", "Audit")
    assert [view for _verb, view in SCREENS["quan_tri"] if view.startswith(words)] == []


ODD = [
    "_flt_0_result=x", "_flt_0_outcome=adopted", "_flt_9_state=open", "_flt_0_state=nowhere", "_flt_0_question=%00",
    "_flt_0_password=a", "_flt_0_definition=7b", "_flt_1_starts_at=31/02/2026",
    "_flt_0_subject_id=99999999999999999999",
    "_oc_{v}=(select+1)&_od_{v}=asc", "_oc_{v}=result&_od_{v}=desc", "_oc_{v}=id&_od_{v}=up;drop", "psize_{v}=abc",
    "psize=abc", "page=-1", "page_{v}=-1", "page_{v}=99999999999999999999", "psize_{v}=100000", "page_{v}=5",
    "_flt_0_meeting.title=%25_%27%22", "_flt_0_id=1", "group_by=result", "%F0%9F%98%80=%ED%A0%80",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_odd_addresses_are_harmless(app, at, name):
    browser, base = at(one_who_sees(name)), screens(app)[name].route_base
    columns = screens(app)[name].search_columns
    declared = [f"_flt_{n}_{column}={value}" for n in range(3) for column in columns for value in ("1", "30/07/2026")]
    for odd in [*ODD, *declared]:
        assert browser.get(f"{base}/?{odd.format(v=name)}").status_code == 200, odd


@on_postgresql
def test_odd_addresses_are_harmless_on_postgresql(app, at):
    for name, view in screens(app).items():
        browser, base = at(one_who_sees(name)), view.route_base
        declared = [f"_flt_{n}_{column}={value}" for n in range(3) for column in view.search_columns
                    for value in ("1", "30/07/2026")]  # fmt: skip
        for odd in [*ODD, *declared]:
            assert browser.get(f"{base}/?{odd.format(v=name)}").status_code == 200, (name, odd)


def test_a_hidden_column_neither_filters_nor_orders(scene, at):
    scene.draft(question="Thông qua dự thảo?")
    clerk = at("clerk")
    everything = clerk.get("/records/polls/").text
    assert rows(clerk.get("/records/polls/?_flt_0_outcome=adopted").text) == rows(everything)
    assert rows(clerk.get("/records/polls/?_oc_PollRecords=outcome&_od_PollRecords=asc").text) == rows(everything)


def rows(page: str) -> list[str]:
    return re.findall(r'<a class="rec-title"[^>]*>(.*?)</a>', page)


def test_text_is_found_without_marks_and_codes_by_their_value(scene, at):
    clerk = at("clerk")
    assert rows(clerk.get("/records/meetings/?_flt_0_title=phien+THUONG").text) == ["Phiên họp thường kỳ"]
    assert rows(clerk.get("/records/meetings/?_flt_0_title=kh%C3%B4ng+c%C3%B3").text) == []
    assert rows(clerk.get("/records/meetings/?_flt_0_state=draft").text) == ["Phiên họp thường kỳ"]
    assert rows(clerk.get("/records/meetings/?_flt_0_state=open").text) == []
    assert rows(clerk.get("/records/meetings/?_flt_0_starts_at=30/07/2026").text) == ["Phiên họp thường kỳ"]
    assert rows(clerk.get("/records/meetings/?_flt_1_starts_at=31/07/2026").text) == []
    assert rows(clerk.get("/records/people/?_flt_0_full_name=do+bon").text) == ["Đỗ Thị Bốn"]
    assert rows(clerk.get("/records/appointments/?_flt_0_person.full_name=bon").text) == ["Đỗ Thị Bốn"]


def test_people_are_ordered_as_vietnamese_registers_do(at):
    names = rows(at("clerk").get("/records/people/").text)
    assert names.index("Phạm Văn Ba") < names.index("Lê Thị Hai") < names.index("Trần Văn Một")


def test_a_count_ends_at_its_bound():
    assert (str(BoundedCount(7)), str(BoundedCount(COUNTED + 1))) == ("7", "1000+")


def test_the_result_of_a_poll_is_on_no_record_page(poll, scene, at):
    from app.workflows import polls

    for name in ("head", "deputy", "a", "b", "chairman"):
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    for path in ("/records/polls/", f"/records/polls/{poll.id}", f"/records/meetings/{scene.meeting_id}"):
        page = at("clerk").get(path).text
        assert "Thông qua" in page
        assert not re.search(r"5/5|100\s?%|adopted|Đã thông qua|được thông qua", page), path


# -- declared, never generated ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_a_screen_is_declared(app, name):
    view = screens(app)[name]
    shown = {*view.list_columns, *view.show_columns, *view.add_columns, *view.edit_columns, *view.search_columns}
    assert shown <= set(view.label_columns)
    titles = [view.list_title, view.show_title, *([view.add_title] if "add" in view.acts else []),
              *([view.edit_title] if "edit" in view.acts else [])]  # fmt: skip
    words = [*view.label_columns.values(), *titles]
    assert [word for word in words if type(word) is str] == []  # lazily translated, not made from names
    with app.test_request_context():
        fields = [*view.add_form(), *view.edit_form(), *view.search_form()]
    assert [field.name for field in fields if isinstance(field, Field) and not str(field.label.text).strip()
            and field.name != "csrf_token"] == []  # fmt: skip


def test_every_fact_act_and_job_has_a_word():
    import importlib
    import pkgutil
    import types

    from app import wiring, workflows
    from app.views.record_facts import ACTS, FACTS
    from app.views.records_jobs_words import JOBS
    from app.workflows.engine.transaction import Fact

    acts = {
        name
        for module in pkgutil.iter_modules(workflows.__path__)
        for name, found in vars(importlib.import_module(f"app.workflows.{module.name}")).items()
        if isinstance(found, types.FunctionType) and found.__dict__.get("__use_case__")
    }
    parts = {"_begin", "_end", "_reopen", "tell"}  # of the sign-in and of the notices: they refuse nothing
    kinds, facts = [Fact], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if not kind.__subclasses__() and kind.__module__.startswith("app."):
            facts.add(kind.__name__)
    assert facts - set(FACTS) == set()
    assert acts - parts - set(ACTS) == set()
    assert {task.name for task in wiring.TASKS} ^ set(JOBS) == set()


# -- no way past the acts ---------------------------------------------------------------------------------------------


def test_no_commit_of_the_framework_is_left(app):
    generated = [view for view in app.appbuilder.baseviews if isinstance(view, ModelView)]
    assert generated
    assert [type(view).__name__ for view in generated if not isinstance(view, RecordView)] == []
    assert all(isinstance(view.datamodel, RecordInterface) for view in generated)
    for view in generated:
        for verb in ("add", "edit", "delete", "delete_all"):
            with pytest.raises(RuntimeError, match="acts only"):
                getattr(view.datamodel, verb)(None)


def test_writing_addresses_exist_only_where_an_act_is_registered(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    for name, view in screens(app).items():
        for verb in ("add", "edit", "delete"):
            assert (f"{name}.{verb}" in endpoints) == (verb in view.acts), (name, verb)
        assert not {f"{name}.{verb}" for verb in ("download", "action", "action_post")} & endpoints


def test_a_screen_without_declared_search_columns_does_not_start():
    with pytest.raises(AssertionError, match="hidden ones"):
        type("Careless", (RecordView,), {"datamodel": RecordInterface(Meeting), "order_columns": []})
