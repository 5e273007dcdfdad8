"""Processes die, the database crashes, disk and keys fail while a Resolution is signed, numbered, sealed and sent.

Whatever happens, every step is done once or not at all, the same request asked again ends well, and the file that
comes of it is valid. A real installation on PostgreSQL with every safeguard of the disk; the processes die, never the
tests, and each test has a Resolution of its own.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.gateways import signing
from app.models import OrganisationKind
from tests.cabinet import PIN
from tests.conftest import nonce_of
from tests.faults.course import Course
from tests.faults.doomed import DISK, HELD, NOTE
from tests.faults.production import DOOMED, ENOUGH, installed, until
from tests.servers import PostgresServer
from tests.web import NO_ANSWER, Answer, Caller, Web, full

pytestmark = pytest.mark.fault

DATABASE = "issuing"
TESTS, REPEATS = 13, 3 if full() else 1
PAUSE = 0.2  # seconds before a device asks again
LONGEST_SIGNING = 0.8  # seconds; a crash at random falls within
AWAITED = "Đã cấp số, chờ đóng dấu"
VIETNAMESE = re.compile(r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)

Act = Callable[[Caller, Course], Answer]


@pytest.fixture(scope="module")
def web(durable: PostgresServer) -> Iterator[Web]:
    """A Government with a Resolution for each test before its head; the owner filled it, the application serves."""
    with installed(durable, DATABASE, "resolutions", ECABINET_TEST_RESOLUTIONS=str(TESTS * REPEATS)) as server:
        yield server.start(DOOMED)


@pytest.fixture(scope="module")
def waiting(durable: PostgresServer, web: Web) -> Iterator[Course]:
    key = (web.var / "installation.key").read_bytes()
    trusted = signing.Authority.load(web.var / "authority", key).chain()
    with durable.connect(DATABASE) as connection:
        rows = connection.execute("SELECT id FROM resolution ORDER BY id").fetchall()
    return iter([Course(durable, DATABASE, web.var, trusted, row[0]) for row in rows])


@pytest.fixture(params=range(REPEATS))
def course(web: Web, waiting: Iterator[Course]) -> Iterator[Course]:
    """The next Resolution that lies before the head; the installation is well."""
    web.wait_until_it_answers()
    yield next(waiting)
    for note in (NOTE, HELD, DISK):
        (web.var / note).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def head(web: Web) -> Caller:
    return Caller(web.url, "thutuong").sign_in()


@pytest.fixture(scope="module")
def records(web: Web) -> Caller:
    return Caller(web.url, "vanthu").sign_in()


def sign(head: Caller, course: Course) -> Answer:
    """As the script of the page does it: the same request each time."""
    body = {"file_sha256": course.presented, "nonce": nonce_of(f"sign-{course.id}"), "pin": PIN}
    return head.tell(f"/resolutions/{course.id}/sign", **body, changes_seen=False)


def issue(records: Caller, course: Course) -> Answer:
    """Number and seal, likewise."""
    return records.tell(f"/resolutions/{course.id}/issue", nonce=nonce_of(f"seal-{course.id}"), pin=PIN)


def promulgate(records: Caller, course: Course) -> Answer:
    """The form as it is drawn, with every organisation that can receive it."""
    path = f"/resolutions/{course.id}/promulgate"
    return records.post(path, organisations=[key for (key,) in course.rows(ORGANISATIONS)])


ORGANISATIONS = f"""
    SELECT id FROM organisation WHERE kind <> '{OrganisationKind.UNIT.value}'
    AND body_id = (SELECT min(body_id) FROM resolution)
"""  # noqa: S608 - a constant
MEMBERS = "SELECT member_id FROM roll_entry JOIN resolution USING (poll_id) WHERE resolution.id = %s"


def sent_to_its_death(web: Web, note: str, act: Act, who: Caller, course: Course) -> None:
    """Do something over which the process that received it dies: the device has no answer; another process begins."""
    (web.var / NOTE).write_text(note)
    with pytest.raises(NO_ANSWER):
        act(who, course)
    assert not (web.var / NOTE).exists()
    web.wait_until_it_answers()


def signed(head: Caller, course: Course) -> Course:
    assert sign(head, course).status == 200
    return course


def sealed(head: Caller, records: Caller, course: Course) -> Course:
    answer = issue(records, signed(head, course))
    assert (answer.status, answer.body.get("state")) == (200, "sealed"), answer.body
    return course


def test_killed_before_the_commit_of_the_signature_nothing_is_written_and_the_next_try_signs_once(web, course, head):
    before = course.unreferenced()
    sent_to_its_death(web, "before_commit _complete", sign, head, course)
    course.check("presented")
    (lost,) = course.unreferenced() - before  # the signed file of which nothing was said
    assert "no_pins" in web.command("verify", "--json", str(lost)).stdout  # whoever finds it finds nothing of ours
    first, again = sign(head, course), sign(head, course)
    assert (first.status, again.status) == (200, 200)
    assert first.body["receipt"] == again.body["receipt"]
    course.check("signed")


def test_killed_after_the_commit_of_the_signature_the_same_request_tells_what_was_done(web, course, head):
    sent_to_its_death(web, "after_commit _complete", sign, head, course)
    course.check("signed")
    (made,) = course.signatures
    answer = sign(head, course)
    assert answer.status == 200, answer.body
    receipt = answer.body["receipt"]
    assert (receipt["file_sha256"], receipt["statement_sha256"]) == (made.file_sha256, made.sha256)
    course.check("signed")
    until(course.told)
    told = course.noticed("ResolutionSigned")
    assert told
    assert len(set(told)) == len(told)


def test_killed_at_each_commit_between_number_and_seal_one_number_and_one_seal_come_of_it(web, course, head, records):
    signed(head, course)
    numbers = []
    for note, state in (
        ("before_commit allot_number", "signed"),
        ("after_commit allot_number", "numbered"),
        ("before_commit _complete", "numbered"),
        ("after_commit _complete", "sealed"),
    ):
        sent_to_its_death(web, note, issue, records, course)
        course.check(state)
        numbers.append(course.number)
    assert numbers[0] is None
    assert len(set(numbers[1:])) == 1
    answer = issue(records, course)
    assert answer.status == 200, answer.body
    assert answer.body == {"number": numbers[-1][1], "state": "sealed"}
    course.check("sealed")


def test_killed_around_the_promulgation_it_is_sent_once_and_members_are_told_once(web, course, head, records):
    sealed(head, records, course)
    sent_to_its_death(web, "before_commit promulgate_resolution", promulgate, records, course)
    course.check("sealed")
    sent_to_its_death(web, "after_commit promulgate_resolution", promulgate, records, course)
    course.check("promulgated")
    sent = course.dispatches
    assert promulgate(records, course).status == 200  # the old page again: told how it is, and nothing is done
    assert course.dispatches == sent
    assert_sent_to_all(course)


def test_killed_when_members_were_told_but_not_yet_ticked_off_they_are_told_once(web, course, head, records):
    sealed(head, records, course)
    until(course.told)  # nobody else is to be told anything
    (web.var / NOTE).write_text("after_commit tell")
    with suppress(*NO_ANSWER):  # the relay may be faster than the answer
        promulgate(records, course)
    until(lambda: not (web.var / NOTE).exists())
    web.wait_until_it_answers()
    assert course.noticed("ResolutionPromulgated")
    assert_sent_to_all(course)
    course.check("promulgated")


def assert_sent_to_all(course: Course) -> None:
    """A row for each member and organisation, a notice for each person there, and none of them twice."""
    members = {member for (member,) in course.rows(MEMBERS, course.id)}
    sent = course.dispatches
    assert len(set(sent)) == len(sent)
    assert {person for person, _organisation in sent if person} == members
    assert {there for _person, there in sent if there} == {there for (there,) in course.rows(ORGANISATIONS)}
    until(course.told)
    told = course.noticed("ResolutionPromulgated")
    assert len(set(told)) == len(told)
    assert members <= set(told)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_the_database_crashes_while_the_head_signs_and_it_is_signed_once(web, durable, course, head, moment):
    (web.var / NOTE).write_text(f"{moment} _complete hold")
    with ThreadPoolExecutor(1) as device:
        answer = device.submit(sign_until_answered, head, course)
        until((web.var / HELD).exists)
        durable.restart(immediate=True)
        (web.var / NOTE).unlink(missing_ok=True)
        (web.var / HELD).unlink()
        receipt, asked = answer.result()
    assert asked > 1 or moment == "after_commit"
    course.check("signed")
    assert receipt["statement_sha256"] == course.signatures[0].sha256
    until(course.told)


def test_the_database_crashes_at_any_moment_of_signing_and_it_is_signed_once(durable, course, head):
    with ThreadPoolExecutor(1) as device:
        answer = device.submit(sign_until_answered, head, course)
        time.sleep(random.uniform(0, LONGEST_SIGNING))  # noqa: S311 - no secret
        durable.restart(immediate=True)
        receipt, _asked = answer.result()
    course.check("signed")
    assert receipt["statement_sha256"] == course.signatures[0].sha256


def sign_until_answered(head: Caller, course: Course) -> tuple[dict[str, Any], int]:
    """As the script of the page does it: no answer, or a fault of the server, means to ask again."""
    deadline, asked = time.monotonic() + ENOUGH, 0
    while time.monotonic() < deadline:
        asked += 1
        try:
            answer = sign(head, course)
            if answer.status == 200:
                return answer.body["receipt"], asked
            assert answer.status >= 500, answer.body
        except NO_ANSWER:
            pass
        time.sleep(PAUSE)
    raise AssertionError(f"{head.name} got no receipt within {ENOUGH:g} s")


@contextmanager
def bad_disk(web: Web, error: str) -> Iterator[None]:
    """What is written does not get through to the disk; what is there can be read."""
    note = web.var / DISK
    note.write_text(error)
    yield
    note.unlink()


@contextmanager
def away(path: Path) -> Iterator[None]:
    """As when its disk is not mounted."""
    elsewhere = path.rename(path.with_name(f"{path.name}-away"))
    try:
        yield
    finally:
        elsewhere.rename(path)


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [("ENOSPC", 507, "storage_full"), ("EROFS", 503, "storage_unavailable"), ("away", 503, "storage_unavailable")],
)
def test_a_store_that_fails_leaves_nothing_half_done_and_everything_can_be_tried_again(
    web, course, head, records, trouble, status, code
):
    store = web.var / "documents"
    before = course.unreferenced()
    for act, who, state, then in ((sign, head, "presented", "signed"), (issue, records, "numbered", "sealed")):
        with away(store) if trouble == "away" else bad_disk(web, trouble):
            answer = act(who, course)
        assert (answer.status, answer.body.get("code")) == (status, code), answer.body
        assert VIETNAMESE.search(answer.body["message"])
        course.check(state)
        assert course.unreferenced() == before
        number = course.number
        assert act(who, course).status == 200
        course.check(then)
        assert number in (None, course.number)


def test_while_the_store_is_away_a_document_is_answered_for_with_an_honest_page(web, head):
    with away(web.var / "documents"):
        answer = head.get("/resolutions/1/file")
    assert answer.status == 503
    assert "kho tài liệu" in answer.text
    assert head.get("/resolutions/1/file").content.startswith(b"%PDF-")


def test_without_the_installation_key_nothing_is_sealed_and_the_number_stays(web, course, head, records):
    signed(head, course)
    with away(web.var / "installation.key"):
        answer = issue(records, course)
        course.check("numbered")
        number = course.number
        assert (answer.status, answer.body["code"]) == (503, "signing_unavailable")
        assert answer.body["message"] == "Dịch vụ ký số hiện không trả lời. Chưa có gì được ký; đề nghị thử lại."
        assert answer.body["details"]["number"] == number[1]
        page = records.get(f"/resolutions/{course.id}/issue").text
        assert number[1] in page
        assert AWAITED in page
    assert issue(records, course).body == {"number": number[1], "state": "sealed"}
    assert course.number == number
    course.check("sealed")


def test_the_oracle_notices_a_lost_step_and_a_changed_file(course, head, records):
    """Its negative control: what was not done, or is not what was signed, must not pass."""
    signed(head, course)
    for state in ("presented", "numbered"):
        with pytest.raises(AssertionError):
            course.check(state)
    course.check("signed")
    place = course.place(course.files[-1][1])
    whole = place.read_bytes()
    place.chmod(0o600)
    place.write_bytes(whole + b"\n")
    with pytest.raises(AssertionError):
        course.check("signed")
    assert course.verdict().state == "invalid"
    place.write_bytes(whole)
    course.check("signed")
