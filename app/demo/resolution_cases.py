"""The replayed sessions that are about the Resolution: changed texts, numbers, seals, and votes that carry none."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from flask import current_app

from app.demo.dossiers import reworded
from app.demo.equipment import RECORDS_OFFICE
from app.demo.playing import hold, votes
from app.demo.resolving import Course
from app.demo.stage import Stage, expect
from app.extensions import db
from app.gateways import pades, signing
from app.models import NumberSeries, Outcome, ResolutionState
from app.workflows import document_signing, issuing, keys, resolution_sources, resolutions, seals
from app.workflows.engine.errors import WrongState
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.evidence import read_bundle
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.tally import threshold

OTHER_SESSIONS = 3  # beside the one that is reported
VOTED, WRITTEN = "trong thời hạn quy định", "trong thời hạn 15 ngày"
REASON = "Ghi rõ thời hạn theo ý kiến thống nhất tại phiên họp"
WRONG_PIN = "135792"


def not_adopted(stage: Stage) -> int:
    """13 agree, 10 disagree, 4 other: not more than half of all (rule:R1); and no Resolution comes of such a vote.

    Nor of one that is not published, nor of one that was annulled.
    """
    annulled = hold(stage)
    stage.cast(annulled, votes(stage, 5, 0))
    stage.annul(annulled, "Câu hỏi biểu quyết được đọc nhầm phiên bản dự thảo")
    with stage.refused(resolution_sources.NotPublished, "soạn Nghị quyết từ lần biểu quyết đã hủy"):
        Course(stage, annulled).draft()
    poll_id = stage.open_vote()
    stage.cast(poll_id, votes(stage, 13, 10))
    with stage.refused(resolution_sources.NotPublished, "soạn Nghị quyết khi biểu quyết chưa đóng"):
        Course(stage, poll_id).draft()
    expect(stage.close_vote(poll_id), Outcome.NOT_ADOPTED, "không quá nửa tổng số thành viên")
    with stage.refused(resolution_sources.NotPublished, "soạn Nghị quyết khi kết quả chưa được công bố"):
        Course(stage, poll_id).draft()
    stage.publish(poll_id)
    with stage.refused(resolution_sources.NotAdopted, "soạn Nghị quyết khi nội dung không được thông qua"):
        Course(stage, poll_id).draft()
    stage.end_session()
    return poll_id


def altered_after_vote(stage: Stage) -> int:
    """What was voted is not changed in silence: a reason, and the signer has seen the comparison (rule:R27)."""
    poll_id = _adopted(stage)
    course = Course(stage, poll_id).draft().present()
    read = course.read()
    course.give_back("Bổ sung thời hạn thẩm định như ý kiến tại phiên họp")
    altered = reworded(VOTED, WRITTEN)(course.text)
    course.edit(altered, "")
    with stage.refused(resolutions.TextDiffers, "trình ký văn bản đã sửa mà không nêu lý do"):
        course.present()
    with stage.refused(WrongState, "ký văn bản đã sửa mà không nêu lý do"):
        course.sign(read)
    course.edit(altered, REASON)
    course.present()
    with stage.refused(resolutions.FileChanged, "ký theo bản đã đọc trước khi sửa"):
        course.sign(read, changes_seen=True)
    with stage.refused(document_signing.ChangesUnseen, "ký khi chưa xác nhận bảng so sánh với văn bản đã biểu quyết"):
        course.sign()
    course.sign(changes_seen=True).issue()
    stage.end_session()
    _expect_comparison(read_bundle(stage.bundle(poll_id)))
    return poll_id


def number_race(stage: Stage) -> int:
    """Resolutions of several sessions numbered at once, each asked for twice: no gap, no double (rule:R26)."""
    others = [stage.another() for _number in range(OTHER_SESSIONS)]
    courses = [_signed(other, _adopted(other, enough=True)) for other in others]
    course = _signed(stage, _adopted(stage))
    courses.append(course)
    with stage.step("number_race"):
        answers = _at_once([each for each in courses for _twice in range(2)])
    expect(answers[::2], answers[1::2], "hỏi số hai lần cho cùng một Nghị quyết")
    series = db.session.query(NumberSeries).populate_existing().one()
    expect(series.last_number, len(courses), "số cuối cùng của dãy số")
    wanted = [f"{number:02}/NQ-CP" for number in range(1, len(courses) + 1)]
    expect(sorted(set(answers)), wanted, "các số được cấp cùng một lúc")
    course.issue()
    stage.end_session()
    return course.poll_id


def seal_fails(stage: Stage) -> int:
    """A wrong PIN, a signer that does not answer, a suspended seal: the number stays, and is used when it works."""
    poll_id = _adopted(stage)
    course = _signed(stage, poll_id)
    number = course.number()
    with stage.refused(keys.PinWrong, "đóng dấu khi mã PIN sai"):
        course.seal(WRONG_PIN)
    _expect_waiting(course, number)
    with _signer_silent(), stage.refused(keys.SigningUnavailable, "đóng dấu khi dịch vụ ký số không phản hồi"):
        course.seal()
    _expect_waiting(course, number)
    _suspend_seal(stage)
    with stage.refused(seals.NoSeal, "đóng dấu khi con dấu số bị tạm dừng"):
        course.seal()
    _expect_waiting(course, number)
    _renew_seal(stage)
    course.issue()
    expect(course.allotted, number, "số của Nghị quyết sau khi đóng dấu lại")
    stage.end_session()
    return poll_id


def _adopted(stage: Stage, *, enough: bool = False) -> int:
    """A session whose vote is adopted and published: by all, or by just enough of them."""
    poll_id = hold(stage)
    needed = threshold(len(stage.members), RuleParameters()) if enough else len(stage.members)
    stage.cast(poll_id, dict.fromkeys(stage.members[:needed], "agree"))
    expect(stage.close_vote(poll_id), Outcome.ADOPTED, "kết luận")
    stage.publish(poll_id)
    return poll_id


def _signed(stage: Stage, poll_id: int) -> Course:
    return Course(stage, poll_id).draft().present().sign()


def _at_once(courses: list[Course]) -> list[str]:
    """The number that each gets, all asking in one moment, each with a connection of its own."""
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    barrier = Barrier(len(courses))
    records, now = courses[0].stage.who(RECORDS_OFFICE), courses[0].stage.clock.now()
    db.session.remove()

    def ask(resolution_id: int) -> str:
        with application.app_context():
            barrier.wait()
            number = issuing.allot_number(records, resolution_id, now).number
            return number.text if number else ""

    with ThreadPoolExecutor(len(courses)) as pool:
        return list(pool.map(ask, [course.resolution_id for course in courses]))


def _expect_comparison(files: Mapping[str, bytes]) -> None:
    compared = parse_canonical(files["resolution/changes.json"])
    expect((compared["needs_reason"], compared["reason"]), (True, REASON), "lý do sửa trong chứng cứ")
    words = {(segment["kind"], segment["words"]) for change in compared["changes"] for segment in change["segments"]}
    said = [kind for kind in ("removed", "added") if any(found == kind for found, _words in words)]
    expect(said, ["removed", "added"], "bảng so sánh trong chứng cứ")


def _expect_waiting(course: Course, number: str) -> None:
    expect(course.resolution.state, ResolutionState.NUMBERED, "chờ đóng dấu")
    expect(course.number(), number, "số của Nghị quyết khi chưa đóng được dấu")


class _Silent:
    """A signer whose line is dead; everything else of it is as before."""

    def __init__(self, signer: signing.Signer) -> None:
        self._signer = signer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signer, name)

    def sign_document(self, *_args: object) -> bytes:
        raise signing.KeyUnavailable


@contextmanager
def _signer_silent() -> Iterator[None]:
    signer, authorities = signing.signer(), signing.trusted()
    signing.use(_Silent(signer), authorities)
    try:
        yield
    finally:
        signing.use(signer, authorities)


def _suspend_seal(stage: Stage) -> None:
    seal = seals.standing_seal(stage.founded.body_id)
    expect(seal is not None, True, "con dấu số đã đăng ký")
    seals.suspend_seal(stage.who(RECORDS_OFFICE), seal.id if seal else 0, stage.clock.now())


def _renew_seal(stage: Stage) -> None:
    picture = pades.seal_picture(stage.founded.preset.government.name)
    body_id, now = stage.founded.body_id, stage.clock.now()
    seals.enrol_seal(stage.who(RECORDS_OFFICE), body_id, stage.pin, picture, now)
