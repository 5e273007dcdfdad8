"""Slips from the draft to the issue: what may be asked, who approves it, and what is frozen then."""

import datetime as dt
import io
from itertools import groupby

import pytest
from sqlalchemy import delete, event, select

from app.extensions import db
from app.models import (
    Appointment,
    AuditEntry,
    DocumentKind,
    Office,
    QuestionKind,
    RuleSet,
    Slip,
    SlipLeaf,
    SlipRecipient,
    SlipState,
    Urgency,
)
from app.workflows import documents, rule_sets, slip_approval, slip_issue, slip_papers, slip_rounds, slips
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.transaction import own_transaction
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.canonical import digest
from app.workflows.rules.slip import parse_slip_definition
from app.workflows.slip_approval import Step
from app.workflows.slips import Content, Question
from tests.cabinet import MEMBERS, NOW
from tests.concurrency.crowd import enlarge
from tests.conftest import both
from tests.slipping import CONSENT, DEADLINE, REASON, SlipScene
from tests.workflows.test_documents import pdf

PICK = Question(QuestionKind.PICK, "Chọn phương án", ("Phương án 1", "Phương án 2"))
TEXT = Question(QuestionKind.TEXT, "Ý kiến khác của thành viên?")


@pytest.fixture
def slip(app):
    return SlipScene()


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


@both
def test_a_slip_is_drafted_changed_cloned_and_given_up(slip):
    made = slip.draft(CONSENT, PICK, TEXT, urgency=Urgency.EXPRESS, legal_basis="Điều 7", working_days=3)
    assert [(row.position, row.kind.value) for row in made.questions] == [(1, "consent"), (2, "pick"), (3, "text")]
    changed = Content("Việc khác", (TEXT, Question(QuestionKind.CONSENT, "Đồng ý?", main=True)))
    slips.change_slip(slip.who["clerk"], made.id, changed, now=NOW)
    again = slip.slip(made.id)
    assert [(row.kind.value, row.main) for row in again.questions] == [("text", False), ("consent", True)]
    assert (again.matter, again.title_fold, again.working_days) == ("Việc khác", "viec khac", 2)
    copy = slips.clone_slip(slip.who["clerk"], made.id, now=NOW)
    assert ([row.text for row in copy.questions], copy.round) == ([row.text for row in again.questions], 1)
    assert slips.abandon_slip(slip.who["clerk"], made.id, REASON, now=NOW).state is SlipState.ABANDONED
    assert code_of(slips.change_slip, slip.who["clerk"], made.id, changed, now=NOW) == "slip_frozen"


@both
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("", (CONSENT,)), "no_matter"),
        (Content("Việc", ()), "question_count"),
        (Content("Việc", (CONSENT,) * 21), "question_count"),
        (Content("Việc", (Question(QuestionKind.PICK, "Chọn", ("Một",)),)), "bad_question"),
        (Content("Việc", (Question(QuestionKind.PICK, "Chọn", ("Một", "một")),)), "bad_question"),
        (Content("Việc", (Question(QuestionKind.TEXT, "Ẩn\u200b"),)), "bad_question"),
        (Content("Việc", (Question(QuestionKind.TEXT, "Ý kiến", main=True),)), "two_main_questions"),
        (Content("Việc\u202e", (CONSENT,)), "no_matter"),
        (Content("Việc", (CONSENT,), working_days=1), "deadline_too_soon"),
        (Content("Việc", (CONSENT,), working_days=6), "deadline_too_late"),
        (Content("Việc", (CONSENT,), organisation_id=99), "bad_value"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(slip, content, code):
    assert code_of(slips.compose_slip, slip.who["clerk"], 1, content, now=NOW) == code
    assert db.session.query(Slip).count() == 0


@both
def test_only_clerks_draft_and_a_draft_is_seen_by_those_who_prepare_it(slip):
    for name in ("a", "head", "admin", "guest"):
        with pytest.raises(WorkflowError):
            slips.compose_slip(slip.who[name], 1, Content("Việc", (CONSENT,)), now=NOW)
    made = slip.draft()
    see = {name for name in slip.who if db.session.scalar(_visible(slip.who[name], made.id))}
    assert see == {"head", "chairman", "clerk", "secretary", "auditor"}
    slip_approval.submit_slip(slip.who["clerk"], made.id, now=NOW)
    see = {name for name in slip.who if db.session.scalar(_visible(slip.who[name], made.id))}
    assert see == {"head", "deputy", "chairman", "clerk", "secretary", "auditor"}


def _visible(actor, slip_id):
    return select(Slip.id).where(Slip.id == slip_id, visible(actor, Slip))


@both
def test_the_chain_is_walked_step_by_step_with_return_resubmission_and_history(slip):
    made = slip.draft()
    who = slip.who
    slip_approval.submit_slip(who["clerk"], made.id, now=NOW)
    assert code_of(slip_approval.approve_slip, who["chairman"], made.id, now=NOW) == "not_your_step"
    slip_approval.approve_slip(who["secretary"], made.id, now=NOW, remark="Được")
    assert code_of(slip_approval.return_slip, who["chairman"], made.id, " ", now=NOW) == "no_reason"
    slip_approval.return_slip(who["chairman"], made.id, REASON, now=NOW)
    assert slip.slip(made.id).state is SlipState.DRAFT
    assert code_of(slip_issue.issue_slip, who["deputy"], made.id, now=NOW) == "not_found"  # a draft again
    slip.approve(made.id)
    done = slip.slip(made.id)
    assert done.state is SlipState.APPROVED
    assert [(row.act.value, row.step, row.name) for row in done.approvals] == [
        ("submitted", "", "Ngô Thị Bảy"),
        ("approved", "Trưởng đơn vị", "Bùi Văn Tám"),
        ("returned", "Bộ trưởng, Chủ nhiệm hoặc Phó Thủ tướng", "Vũ Văn Năm"),
        ("submitted", "", "Ngô Thị Bảy"),
        ("approved", "Trưởng đơn vị", "Bùi Văn Tám"),
        ("approved", "Bộ trưởng, Chủ nhiệm hoặc Phó Thủ tướng", "Vũ Văn Năm"),
    ]


@both
def test_the_chain_of_a_body_is_data_and_slips_under_way_keep_theirs(slip):
    made = slip.draft()
    slip_approval.submit_slip(slip.who["clerk"], made.id, now=NOW)
    short = [Step("Chủ nhiệm", (Office.MINISTER_CHAIRMAN,))]
    slip_approval.set_chain(slip.who["clerk"], 1, short, now=NOW)
    assert slip_approval.chain_of(1) == tuple(short)
    assert code_of(slip_approval.approve_slip, slip.who["chairman"], made.id, now=NOW) == "not_your_step"
    slip_approval.withdraw_slip(slip.who["clerk"], made.id, now=NOW)
    slip_approval.submit_slip(slip.who["clerk"], made.id, now=NOW)
    assert slip_approval.approve_slip(slip.who["chairman"], made.id, now=NOW).state is SlipState.APPROVED
    nobody = [Step("Kiểm toán", (Office.AUDITOR,))]
    assert code_of(slip_approval.set_chain, slip.who["clerk"], 1, nobody, now=NOW) == "no_step"
    with pytest.raises(NotAllowed):
        slip_approval.set_chain(slip.who["a"], 1, short, now=NOW)


@both
def test_whoever_submits_does_not_approve_and_a_vacant_step_is_named(slip):
    made = slips.compose_slip(slip.who["secretary"], 1, Content("Việc", (CONSENT,)), now=NOW)
    slip_approval.submit_slip(slip.who["secretary"], made.id, now=NOW)
    assert code_of(slip_approval.approve_slip, slip.who["secretary"], made.id, now=NOW) == "own_slip"
    slip_approval.withdraw_slip(slip.who["clerk"], made.id, now=NOW)
    with own_transaction() as session:
        session.execute(delete(Appointment).where(Appointment.office == Office.UNIT_HEAD))
    assert code_of(slip_approval.submit_slip, slip.who["clerk"], made.id, now=NOW) == "step_vacant"


@both
def test_the_issue_freezes_number_deadline_roll_and_rules_and_begins_the_log(slip):
    lead = 2
    slip_id = slip.issue(CONSENT, PICK, organisation_id=lead, urgency=Urgency.EXPRESS)
    made = slip.slip(slip_id)
    assert (made.state, made.number_text, made.deadline_at) == (SlipState.ISSUED, "01/PLYK-VPCP", DEADLINE)
    frozen = parse_slip_definition(made.definition)
    assert digest(made.definition) == made.definition_sha256
    assert [entry["member"] for entry in frozen["roll"]] == ["M01", "M02", "M03", "M04", "M05"]
    assert [entry["head"] for entry in frozen["roll"]] == [True, False, False, False, False]
    assert all(entry["certificate_sha256"] for entry in frozen["roll"])
    assert [question["main"] for question in frozen["questions"]] == [True, False]
    assert frozen["organisation"] == {"abbreviation": "BXD", "name": "Bộ Xây dựng"}
    assert (frozen["urgency"], frozen["issued_by"]) == ("express", "Phó Thủ tướng Chính phủ")
    assert frozen["rule_set"]["code"] == "QC-191-2026"
    assert db.session.query(RuleSet).filter(RuleSet.used_at.is_not(None)).one().id == made.rule_set_id
    (leaf,) = db.session.query(SlipLeaf)
    assert (leaf.kind.value, leaf.seq) == ("issued", 0)
    assert {row.member_id for row in db.session.query(SlipRecipient)} == {slip.who[n].person_id for n in MEMBERS}
    fact = db.session.query(AuditEntry).filter_by(fact="SlipIssued").one()
    assert (fact.payload["number"], fact.payload["version"]) == ("01/PLYK-VPCP", made.version)
    assert slip.slip(slip.issue()).number_text == "02/PLYK-VPCP"


@both
def test_an_issue_to_many_members_costs_no_more_statements_than_one_to_few(slip):
    statements = []

    def hear(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    def issued():
        made = slip.approved().id
        db.session.remove()
        statements.clear()
        event.listen(db.engine, "before_cursor_execute", hear)
        try:
            slip_issue.issue_slip(slip.who["deputy"], made, now=NOW)
        finally:
            event.remove(db.engine, "before_cursor_execute", hear)
        return len(list(groupby(statements))), len(slip.slip(made).recipients)  # SQLite inserts row by row

    slip.issue()  # the first one of a year begins the series of numbers
    few, members = issued()
    enlarge(20)
    assert (members, issued()) == (len(MEMBERS), (few, 20))


@both
def test_the_rule_set_of_an_issued_slip_cannot_have_ended_before(slip):
    rule_set = slip.slip(slip.issue()).rule_set_id
    act = rule_sets.end_rule_set
    assert code_of(act, slip.who["clerk"], rule_set, NOW.date(), now=NOW) == "slips_later"
    assert act(slip.who["clerk"], rule_set, NOW.date() + dt.timedelta(days=1), now=NOW).valid_to > NOW.date()


@both
def test_only_the_chairman_and_deputies_issue_and_members_see_it_then(slip):
    made = slip.approved()
    for name in ("clerk", "secretary", "head"):
        with pytest.raises(NotAllowed):
            slip_issue.issue_slip(slip.who[name], made.id, now=NOW)
    with pytest.raises(NotFound):
        seen(slip.who["a"], Slip, made.id)
    slip_issue.issue_slip(slip.who["chairman"], made.id, now=NOW)
    assert seen(slip.who["a"], Slip, made.id).matter
    for name in ("under_a", "guest", "admin", "records"):
        with pytest.raises(NotFound):
            seen(slip.who[name], Slip, made.id)


@both
def test_papers_come_from_the_store_or_through_the_gate_and_are_read_by_who_is_asked(slip, scene):
    made = slip.draft()
    clerk = slip.who["clerk"]
    paper = documents.add_paper(clerk, scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, NOW)
    version = documents.add_version(clerk, paper.id, "to-trinh.pdf", io.BytesIO(pdf("Tờ trình")), NOW)
    slip_papers.pin_paper(clerk, made.id, version.id, now=NOW)
    assert code_of(slip_papers.pin_paper, clerk, made.id, version.id, now=NOW) == "paper_twice"
    own = slip_papers.upload_paper(
        clerk, made.id, "Báo cáo", DocumentKind.REPORT, "bao-cao.pdf", io.BytesIO(pdf("Báo cáo")), now=NOW
    )
    bad = code_of(
        slip_papers.upload_paper, clerk, made.id, "Ảnh", DocumentKind.OTHER, "x.pdf", io.BytesIO(b"GIF89a"), now=NOW
    )
    assert bad.startswith("upload_")
    documents.add_version(clerk, paper.id, "moi.pdf", io.BytesIO(pdf("Mới")), NOW)
    assert slip_papers.newer_version(slip.slip(made.id)).document_version_id == version.id
    own_version = own.document_version_id
    slip.approve(made.id)
    slip_issue.issue_slip(slip.who["deputy"], made.id, now=NOW)
    frozen = parse_slip_definition(slip.slip(made.id).definition)
    assert [(each["title"], each["version"]) for each in frozen["papers"]] == [("Tờ trình", 1), ("Báo cáo", 1)]
    for version_id in (version.id, own_version):
        assert documents.open_version(slip.who["a"], version_id)[1].read().startswith(b"%PDF")
        with pytest.raises(NotFound):
            documents.open_version(slip.who["guest"], version_id)
    assert code_of(slip_papers.remove_slip_paper, clerk, made.id, own.id, now=NOW) == "slip_frozen"


@both
def test_articles_are_asked_about_a_draft_that_was_written_here(slip):
    from tests.resolving import TEXT

    made = slip.draft(CONSENT, Question(QuestionKind.ARTICLES, "Ý kiến theo từng điều"))
    clerk = slip.who["clerk"]
    assert code_of(slip_approval.submit_slip, clerk, made.id, now=NOW) == "draft_incomplete"
    slip_papers.write_slip_draft(clerk, made.id, TEXT, now=NOW)
    slip_papers.write_slip_draft(clerk, made.id, TEXT, now=NOW + dt.timedelta(minutes=1))
    articles = slip_papers.articles_of(slip.slip(made.id))
    assert [article["label"] for article in articles] == [f"Điều {place}" for place in range(1, len(articles) + 1)]
    assert len(articles) == len(TEXT["articles"]) > 1
    assert len([row for row in slip.slip(made.id).papers if row.draft]) == 1
    slip.approve(made.id)
    slip_issue.issue_slip(slip.who["deputy"], made.id, now=NOW)
    assert parse_slip_definition(slip.slip(made.id).definition)["articles"] == articles


@both
def test_a_slip_that_asks_for_passkeys_names_who_has_none(slip):
    from app.gateways import passkeys

    passkeys.use(passkeys.relying_party_of("http://localhost:8080"))
    made = slip.approved(passkey_demanded=True)
    assert code_of(slip_issue.issue_slip, slip.who["deputy"], made.id, now=NOW) == "members_without_passkey"
    slip_issue.issue_slip(slip.who["deputy"], made.id, NOW, slip_issue.AboutPasskeys.DEMAND)
    assert parse_slip_definition(slip.slip(made.id).definition)["evidence"] == "pin+passkey"


@both
def test_a_new_round_is_linked_tells_what_changed_and_waits_for_the_end_of_the_first(slip):
    first = slip.issue(CONSENT, PICK)
    second = slip_rounds.new_round(slip.who["clerk"], first, now=NOW)
    assert (second.round, second.previous_id) == (2, first)
    assert code_of(slip_rounds.new_round, slip.who["clerk"], first, now=NOW) == "round_begun"
    content = Content("Việc", (CONSENT, Question(QuestionKind.PICK, "Chọn phương án", ("Một", "Hai", "Ba")), TEXT))
    slips.change_slip(slip.who["clerk"], second.id, content, now=NOW)
    found = slip_rounds.difference(slip.slip(second.id))
    assert [row.text for row in found.added] == [TEXT.text]
    assert [(old.options, new.options) for old, new in found.changed] == [
        (["Phương án 1", "Phương án 2"], ["Một", "Hai", "Ba"])
    ]
    slip.approve(second.id)
    assert code_of(slip_issue.issue_slip, slip.who["deputy"], second.id, now=NOW) == "earlier_round_open"
