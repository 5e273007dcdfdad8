"""The jobs monitor: for administrators of the body alone, what it says, and what can be done from it."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy import delete

from app.extensions import db
from app.models import AuditEntry, Heartbeat, Job, JobState, Queue
from app.views.records_jobs_load import _works_on
from app.workflows import preservation
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.device import JSON

LIST = "/records/jobs/"
DUE, RUNNING, DONE, FAILED, CANCELLED = JobState
LONG = "OSError: nobody answers\n  at the second line secret.person@bo.vn"


def put(state: JobState = DUE, **fields) -> int:
    job = {"body_id": 1, "name": "digests.daily", "queue": Queue.DIGEST, "payload": {"body_id": 1, "day": "x-secret-x"},
           "created_at": NOW, "due_at": NOW, "state": state, **fields}  # fmt: skip
    with own_transaction() as session:
        key = fields.get("dedupe_key", f"{state}:{len(session.query(Job).all())}")
        row = Job(**{**job, "dedupe_key": key})
        session.add(row)
        session.flush()
        return row.id


def job(pk: int) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, pk)


@pytest.fixture(autouse=True)
def empty_outbox(app):
    with own_transaction() as session:
        session.execute(delete(Job))


def words(page) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def names(page) -> list[str]:
    return re.findall(r'<a class="rec-title" href="/records/jobs/(\d+)">', page.text)


def queue_row(page, queue: Queue) -> str:
    """The words of a queue's row behind its name."""
    row = re.findall(r'<tr><th scope="row">.*?</th>(.*?)</tr>', page.text, re.DOTALL)[list(Queue).index(queue)]
    return " ".join(html.unescape(re.sub(r'<span class="ec-sr">.*?</span>|<[^>]+>', " ", row)).split())


# -- for whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["head", "chairman", "clerk", "records", "auditor", "guest", "a"])
def test_only_the_administrator_has_the_screen(at, name):
    pk = put(FAILED)
    assert at(name).get(LIST).status_code == 403
    assert at(name).get(f"{LIST}{pk}").status_code == 403
    for path in ("retry", "cancel"):
        assert at(name).client.post(f"{LIST}{pk}/{path}", headers=JSON).status_code == 403
        assert at(name).client.post(f"{LIST}{path}", data={"rowid": pk}, headers=JSON).status_code == 403
    assert job(pk).state is FAILED


def test_the_work_of_another_body_does_not_exist(at):
    pk = put(FAILED, body_id=2)
    admin = at("admin")
    assert names(admin.get(LIST)) == []
    assert queue_row(admin.get(LIST), Queue.DIGEST).startswith("0 0 0 –")
    for answer in (admin.get(f"{LIST}{pk}"), admin.client.post(f"{LIST}{pk}/retry", headers=JSON)):
        assert answer.status_code == 404
    assert admin.post(f"{LIST}retry", rowid=pk).status_code == 303
    assert job(pk).state is FAILED


def test_what_a_job_carries_is_on_no_page(at):
    pk = put(FAILED, dedupe_key="digests.daily:key-secret")
    for path in (LIST, f"{LIST}{pk}"):
        page = at("admin").get(path).text
        assert "x-secret-x" not in page
        assert "key-secret" not in page


# -- what it says -----------------------------------------------------------------------------------------------------


def test_each_queue_says_what_it_has_to_do_and_since_when(at, clock):
    put(due_at=NOW - dt.timedelta(minutes=12))
    put(due_at=NOW + dt.timedelta(hours=1))
    put(RUNNING, lease_until=NOW)
    put(FAILED)
    put(queue=Queue.LIVE, due_at=NOW - dt.timedelta(seconds=3))
    with own_transaction() as session:
        session.add(Heartbeat(name="relay:digest+maintenance", at=NOW - dt.timedelta(seconds=20)))
        session.add(Heartbeat(name="relay:live", at=NOW - dt.timedelta(hours=3)))
    page = at("admin").get(LIST)
    digest, live = queue_row(page, Queue.DIGEST), queue_row(page, Queue.LIVE)
    assert re.findall(r"\d+", digest) == ["2", "1", "1", "12", "20"]
    assert re.findall(r"\d+", live) == ["1", "0", "0", "3", "3"]
    assert page.text.count('ec-chip--bad"><svg') == 1, "one waits too long"


def test_who_works_on_a_queue_is_told_by_its_runner():
    assert _works_on("relay:signing+interactive", "thread", Queue.SIGNING)
    assert not _works_on("relay:signing+interactive", "rq", Queue.SIGNING)
    assert _works_on("rq:signing+interactive", "rq", Queue.INTERACTIVE)
    assert not _works_on("rq:signing", "rq", Queue.INTERACTIVE)
    assert _works_on("celery", "celery", Queue.DIGEST)
    assert not _works_on("clock", "thread", Queue.LIVE)


def test_a_production_names_its_runners(at, app, monkeypatch):
    monkeypatch.setitem(app.config, "TASK_RUNNERS", {**app.config["TASK_RUNNERS"], "digest": "celery", "signing": "rq"})
    page = at("admin").get(LIST)
    assert "Celery" in queue_row(page, Queue.DIGEST)
    assert "RQ" in queue_row(page, Queue.SIGNING)


def test_chips_filter_by_state_and_queue_and_keep_each_other(at):
    failed, waiting, live = put(FAILED), put(), put(FAILED, queue=Queue.LIVE)
    admin = at("admin")
    assert set(names(admin.get(LIST))) == {str(pk) for pk in (failed, waiting, live)}
    assert set(names(admin.get(f"{LIST}?_flt_0_state=failed"))) == {str(failed), str(live)}
    page = admin.get(f"{LIST}?_flt_0_state=failed&_flt_0_queue=digest")
    assert names(page) == [str(failed)]
    assert 'href="/records/jobs/?_flt_0_state=failed&amp;_flt_0_queue=live"' in page.text
    assert 'href="/records/jobs/?_flt_0_state=due&amp;_flt_0_queue=digest"' in page.text
    assert page.text.count('aria-current="true"') >= 2
    assert "rec-sentence" not in page.text, "the chips say it"
    assert names(admin.get(f"{LIST}?_flt_0_state=odd")) == []


def test_what_is_done_or_called_off_stands_in_nobodys_way_unless_asked_for(at):
    failed, waiting = put(FAILED), put()
    done = [put(DONE, done_at=NOW, queue=Queue.LIVE, name="notices.badge") for _again in range(30)]
    cancelled, running = put(CANCELLED, done_at=NOW), put(RUNNING, lease_until=NOW)
    admin = at("admin")
    page = admin.get(LIST)
    assert names(page) == [str(pk) for pk in (running, failed, waiting)], "what runs, what failed, what waits"
    assert re.search(r'aria-current="true">Chưa xong <span class="ec-num">3<', page.text)
    assert names(admin.get(f"{LIST}?_flt_0_queue=live")) == []
    assert len(names(admin.get(f"{LIST}?_flt_0_state=done"))) == 25
    assert names(admin.get(f"{LIST}?_flt_0_state=cancelled")) == [str(cancelled)]
    everything = admin.get(f"{LIST}?all=1")
    assert names(everything)[:3] == [str(running), str(cancelled), str(done[-1])]
    assert re.search(r'href="/records/jobs/\?all=1" aria-current="true"', everything.text)
    assert 'href="/records/jobs/?all=1&amp;_flt_0_queue=live"' in everything.text


def test_a_job_is_called_by_its_work_and_says_its_times_to_the_second(at, clock):
    late = NOW + dt.timedelta(seconds=2)
    done = put(DONE, due_at=late, done_at=late + dt.timedelta(milliseconds=340), queue=Queue.LIVE)
    page = at("admin").get(f"{LIST}{done}")
    assert re.search(r'<h1 class="panel-title">(.*?)</h1>', page.text)[1] == "Lập bản tin ngày"
    assert "08:00:02 30/07/2026" in words(page)
    assert "0,3 giây" in words(page)
    assert "0,3 giây" in words(at("admin").get(f"{LIST}?all=1"))
    waiting = put(due_at=NOW - dt.timedelta(minutes=12))
    assert "12 phút" in words(at("admin").get(f"{LIST}{waiting}"))
    later, called_off = put(due_at=NOW + dt.timedelta(hours=1)), put(CANCELLED, done_at=NOW + dt.timedelta(hours=1))
    for pk in (later, called_off):
        assert "Thời lượng –" in words(at("admin").get(f"{LIST}{pk}")), "not due, or never done"


def test_the_queues_are_folded_up_while_all_is_well(at, clock):
    def folded():
        return " open" not in re.search(r'<details class="ec-card job-load"[^>]*>', at("admin").get(LIST).text)[0]

    with own_transaction() as session:
        session.add(Heartbeat(name=f"relay:{'+'.join(queue.value for queue in Queue)}", at=NOW))
    assert folded()
    assert "Không còn việc nào phải làm" in at("admin").get(LIST).text
    waiting = put(due_at=NOW - dt.timedelta(minutes=12))
    assert not folded()
    with own_transaction() as session:
        session.execute(delete(Job).where(Job.id == waiting))
    assert folded()
    clock.move(minutes=10)
    assert not folded(), "nobody was seen at work for ten minutes"


def test_a_row_says_work_worker_and_the_first_line_of_what_went_wrong(at):
    pk = put(FAILED, last_error=LONG, attempts=8, worker="web1:77:relay")
    listed, shown = words(at("admin").get(LIST)), words(at("admin").get(f"{LIST}{pk}"))
    assert "OSError: nobody answers" in listed
    assert "OSError: nobody answers" in shown
    assert "tiến trình 77 trên máy web1" in listed
    assert "web1:77" not in listed, "the thread shows on the page of the job"
    assert "tiến trình 77 trên máy web1 web1:77:relay" in shown
    assert "second line" not in listed
    assert "second line" in shown
    assert "secret.person@" not in listed + shown
    assert "•••@bo.vn" in shown


@pytest.mark.parametrize(
    ("name", "told", "said"),
    [
        ("preservation.begin", "answers", "Đang chờ các tổ chức chứng thực trả lời về trạng thái chứng thư."),
        ("preservation.begin", "stamp: down",
         "Đang chờ dấu thời gian của văn bản. (Không kết nối được với dịch vụ cấp dấu thời gian.)"),
        ("time_stamps.ask", "http: 503", "Dịch vụ cấp dấu thời gian trả lời báo lỗi. (503)"),
        ("certificate_rounds.ask", "NotAnswered: 3", "chứng thư tương ứng (3)"),
        ("deliveries.send", "quiet hours", "giờ yên lặng"),
        ("digests.daily", "answers", "answers"),
    ],
)  # fmt: skip
def test_codes_of_ours_are_said_in_words(at, name, told, said):
    """The control is a work without such codes: what it said stays as it is."""
    pk = put(DUE, name=name, last_error=told)
    for path in (LIST, f"{LIST}{pk}"):
        found = re.search(r'class="job-error">(.*?)<', at("admin").get(path).text)[1]
        assert said in html.unescape(found)
        assert (found == told) == (said == told)


def test_every_reason_to_have_no_long_term_form_has_words():
    assert set(preservation.SAID) == set(preservation.Lack)


def test_a_running_job_has_a_bar_for_eyes_and_ears(at):
    pk = put(RUNNING, progress_done=312, progress_total=1000, lease_until=NOW)
    done = put(DONE, progress_done=1000, progress_total=1000, done_at=NOW)
    for path in (LIST, f"{LIST}{pk}"):
        page = at("admin").get(path).text
        bar = re.search(rf'<div class="ec-going"[^>]*data-job="{pk}">.*?</div>', page)[0]
        assert 'role="progressbar"' in bar
        assert 'aria-valuemin="0" aria-valuemax="1000" aria-valuenow="312" aria-valuetext="312/1.000"' in bar
        assert 'width="31.20%"' in bar
        assert ">312/1.000<" in bar
    assert f'data-job="{done}"' not in at("admin").get(LIST).text


# -- what can be done -------------------------------------------------------------------------------------------------

RETRY, CANCEL = "retry", "cancel"


@pytest.mark.parametrize(
    ("state", "act", "after"),
    [
        (FAILED, RETRY, DUE), (CANCELLED, RETRY, DUE), (DUE, CANCEL, CANCELLED), (RUNNING, CANCEL, RUNNING),
        (DUE, RETRY, None), (RUNNING, RETRY, None), (DONE, RETRY, None), (DONE, CANCEL, None), (FAILED, CANCEL, None),
        (CANCELLED, CANCEL, None),
    ],
)  # fmt: skip
def test_each_state_admits_what_it_admits(at, state, act, after):
    pk = put(state, attempts=8, done_at=NOW if state in (DONE, CANCELLED) else None, last_error="OSError: x")
    page = at("admin").get(f"{LIST}{pk}")
    assert (f'action="/records/jobs/{pk}/{act}"' in page.text) == (after is not None)
    answer = at("admin").client.post(f"{LIST}{pk}/{act}", headers=JSON)
    assert answer.status_code == (303 if after else 409)
    found = job(pk)
    assert found.state is (after or state)
    if (state, act) == (RUNNING, CANCEL):
        assert found.cancel_asked
        assert f"/{pk}/cancel" not in at("admin").get(f"{LIST}{pk}").text, "once is enough"
    if after is DUE:
        assert (found.attempts, found.done_at, found.cancel_asked) == (0, None, False)
    facts = {"retry": "JobRetried", "cancel": "JobCancelled"}
    assert db.session.query(AuditEntry).filter_by(fact=facts[act]).count() == (1 if after else 0)


def test_several_at_once_and_what_cannot_be_done_is_said(at):
    failed, again, done = put(FAILED), put(FAILED), put(DONE, done_at=NOW)
    admin = at("admin")
    answer = admin.client.post(f"{LIST}retry", data={"rowid": [failed, again, done, 999, "x"]},
                               headers={"Referer": f"http://localhost{LIST}?_flt_0_state=failed"})  # fmt: skip
    assert (answer.status_code, answer.location) == (303, f"{LIST}?_flt_0_state=failed")
    assert [job(pk).state for pk in (failed, again, done)] == [DUE, DUE, DONE]
    flashed = re.findall(r"<p>(.*?)</p>", re.search(r'class="ec-flash.*?<section', admin.get(LIST).text, re.DOTALL)[0])
    assert [re.findall(r"\d+", line) for line in flashed] == [["1"], ["1"], ["2"]]


def test_who_chose_nothing_is_told_so(at):
    admin = at("admin")
    assert admin.post(f"{LIST}cancel").status_code == 303
    assert "ec-banner--warn" in admin.get(LIST).text


def test_without_scripts_the_acts_stand_above_the_rows(at):
    put(FAILED)
    page = at("admin").get(LIST).text
    bar = re.search(r'<div class="rec-bulk job-bulk"[^>]*>', page)[0]
    assert "hidden" not in bar
    assert 'formaction="/records/jobs/retry"' in page
    assert re.search(r'<form id="rows-JobRecords"[^>]*method="post"', page)
    assert re.search(r'name="rowid" value="\d+" form="rows-JobRecords"', page)
