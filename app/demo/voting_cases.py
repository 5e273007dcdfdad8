"""The replayed sessions that are about the vote: majority, tie, quorum, substitutes, changed and annulled votes."""

from app.demo.playing import finish, hold, votes
from app.demo.stage import Stage, expect
from app.extensions import db
from app.models import Choice, Outcome, Poll, Presence
from app.workflows import ballots, poll_acts, polls
from app.workflows.engine.errors import NotAllowed
from app.workflows.rules.evidence import read_bundle

SILENT = ("tv14", "tv23")
STOOD_IN_FOR, SUBSTITUTE = "tv21", "thutruong.bkhcn"


def first_session(stage: Stage) -> int:
    """24/06/2019: 21 in the room, 4 remote, 25 agree, 2 cast no ballot (rule:R1, rule:R3)."""
    poll_id = hold(stage, absent=SILENT)
    stage.cast(poll_id, dict.fromkeys((handle for handle in stage.members if handle not in SILENT), "agree"))
    expect(stage.close_vote(poll_id), Outcome.ADOPTED, "kết luận")
    return finish(stage, poll_id)


def tie_head_agrees(stage: Stage) -> int:
    """13–13: the side of the Prime Minister's ballot, once he has confirmed it by signature (rule:R2)."""
    poll_id = hold(stage)
    stage.cast(poll_id, votes(stage, 13, 13))
    expect(stage.close_vote(poll_id), Outcome.TIE_CONFIRM, "số phiếu ngang nhau")
    with stage.refused(polls.TieUnconfirmed, "công bố kết quả khi chưa được xác nhận"):
        stage.publish(poll_id)
    stage.confirm_tie(poll_id)
    return finish(stage, poll_id)


def tie_head_other(stage: Stage) -> int:
    """13–13 with another opinion of the Prime Minister: nothing breaks the tie and nobody decides it (rule:R2)."""
    poll_id = hold(stage)
    stage.cast(poll_id, votes(stage, 13, 13, head="other"))
    expect(stage.close_vote(poll_id), Outcome.UNDECIDED, "số phiếu ngang nhau, Thủ tướng có ý kiến khác")
    with stage.refused(poll_acts.NoTie, "xác nhận kết quả khi Thủ tướng không bỏ phiếu tán thành hoặc không tán thành"):
        stage.confirm_tie(poll_id)
    return finish(stage, poll_id)


def no_quorum(stage: Stage) -> int:
    """17 of 27 present open nothing; the 18th, connected remotely, makes the quorum (rule:R3)."""
    here, remote, late = stage.members[:15], stage.members[15:17], stage.members[17]
    stage.convene()
    stage.answer((*remote, late), dict.fromkeys(stage.members[18:]))
    stage.check_in(here, remote)
    with stage.refused(polls.NoQuorum, "khai mạc khi không đủ số thành viên", members=27, present=17, needed=18):
        stage.open_session()
    stage.be(late, Presence.REMOTE)
    stage.open_session()
    stage.be(late, Presence.AWAY)
    with stage.refused(polls.NoQuorum, "mở biểu quyết khi không đủ số thành viên", present=17, needed=18):
        stage.open_vote()
    stage.be(late, Presence.REMOTE)
    poll_id = stage.open_vote()
    stage.cast(poll_id, dict.fromkeys((*here, *remote, late), "agree"))
    stage.close_vote(poll_id)
    return finish(stage, poll_id)


def substitute(stage: Stage) -> int:
    """A deputy sits in without a ballot and without counting as present; the member votes from afar (rule:R6)."""
    stage.convene()
    stage.answer(absent={STOOD_IN_FOR: SUBSTITUTE})
    members = [handle for handle in stage.members if handle != STOOD_IN_FOR]
    stage.check_in([*members, SUBSTITUTE])
    stage.open_session()
    poll_id = stage.open_vote()
    expect(stage.definition(poll_id)["quorum"]["present"], 26, "người dự thay không được tính vào số có mặt")
    with stage.refused(NotAllowed, "lá phiếu của người dự thay"):
        stage.vote(poll_id, SUBSTITUTE, "agree")
    stage.cast(poll_id, {**dict.fromkeys(members, "agree"), STOOD_IN_FOR: "disagree"})
    stage.close_vote(poll_id)
    return finish(stage, poll_id)


def change_of_vote(stage: Stage) -> int:
    """A vote may be changed until the close; the last ballot counts and the first one stays in the evidence."""
    poll_id = hold(stage)
    stage.cast(poll_id, {**dict.fromkeys(stage.members, "agree"), "tv11": "disagree"})
    with stage.step("change_vote"):
        stage.vote(poll_id, "tv11", "agree")
    stage.close_vote(poll_id)
    with stage.refused(ballots.PollClosedAlready, "thay đổi phiếu sau khi đóng biểu quyết"):
        stage.vote(poll_id, "tv11", "other")
    finish(stage, poll_id)
    kept = [name for name in read_bundle(stage.bundle(poll_id)) if name.endswith("-M11.json")]
    expect(len(kept), 2, "cả hai phiếu được lưu trong chứng cứ")
    return poll_id


def annulled(stage: Stage) -> int:
    """The chair annuls a vote with a signed reason; its ballots stay, and a new vote begins from nothing."""
    first = hold(stage)
    stage.cast(first, votes(stage, 5, 0))
    stage.annul(first, "Câu hỏi biểu quyết được đọc nhầm phiên bản dự thảo")
    with stage.refused(ballots.PollNotOpen, "bỏ phiếu cho lần biểu quyết đã hủy"):
        stage.vote(first, "tv11", "agree")
    expect(db.session.get_one(Poll, first).result, None, "lần biểu quyết đã hủy không có kết quả")
    files = read_bundle(stage.bundle(first))
    expect("acts/0001-poll_annulment.p7s" in files, True, "quyết định hủy có chữ ký số trong chứng cứ")
    again = stage.open_vote()
    stage.cast(again, dict.fromkeys(stage.members, Choice.AGREE.value))
    stage.close_vote(again)
    return finish(stage, again)
