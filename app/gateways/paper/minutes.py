"""Decides what the minutes of a session (biên bản phiên họp) say: what its record says, and that nobody signed them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build
from app.gateways.paper.marks import Mark, marked
from app.gateways.paper.tally import counted
from app.gateways.paper.tally_annex import CHOICES

UNSIGNED = "DỰ THẢO – CHƯA KÝ"
PEOPLE: tuple[Sequence[str], Sequence[float], Sequence[int]] = (
    ("TT", "Họ và tên", "Chức vụ", "Dự họp", "Ghi chú"), (0.9, 3.4, 4.3, 2.7, 4.2), (0, 3),
)  # fmt: skip
MATTERS: tuple[Sequence[str], Sequence[float], Sequence[int]] = (
    ("TT", "Nội dung", "Cơ quan trình", "Dự kiến", "Thực tế"), (0.9, 5.8, 3.0, 1.8, 4.2), (0, 3, 4),
)  # fmt: skip
PLACES = {"in_room": "Tại phòng họp", "remote": "Từ xa", "": "Vắng mặt"}
NOT_DEALT_WITH = "Chưa xem xét"
NO_SPEECHES = "Hệ thống không ghi nhận phát biểu; thư ký bổ sung khi hoàn thiện biên bản."
NO_CONCLUSION = "Hệ thống không ghi nhận kết luận bằng lời của chủ tọa; thư ký bổ sung khi hoàn thiện biên bản."
NOT_PUBLISHED = "Kết quả chưa được công bố nên không nêu trong biên bản này."
ANNULLED = "Kết quả biểu quyết này đã bị hủy bằng văn bản có chữ ký số của chủ tọa; không có kết quả."
HIDDEN = "Biểu quyết không hiển thị ý kiến của từng thành viên; biên bản chỉ nêu số liệu chung."
STAND_IN = "được trình bày ý kiến của thành viên vắng mặt, không có quyền biểu quyết"


@dataclass(frozen=True)
class Attendee:
    """A person of the session: `place` is "in_room", "remote" or "" for absent; times are aware.

    `reason` is that of an absence that was granted; `for_whom` the member for whom somebody sits in, by name and post.
    """

    name: str
    post: str
    place: str
    came: dt.datetime | None = None
    left: dt.datetime | None = None
    reason: str = ""
    substitute: str = ""
    for_whom: str = ""


@dataclass(frozen=True)
class Break:
    """An adjournment; `until` None when the session was ended from it."""

    since: dt.datetime
    until: dt.datetime | None
    reason: str


@dataclass(frozen=True)
class Vote:
    """One vote: `result` is the public view of a published one, None when there is none to be told.

    `dissents` are votes of that result with a name; `resolutions` say in words what was promulgated on it.
    """

    question: str
    opened_at: dt.datetime
    closed_at: dt.datetime
    annulled: bool
    result: Mapping[str, Any] | None
    dissents: Sequence[Mapping[str, Any]] = ()
    resolutions: Sequence[str] = ()


@dataclass(frozen=True)
class Matter:
    """A matter of the programme; `planned` in minutes, times None as far as it was not dealt with."""

    position: int
    title: str
    organisation: str
    planned: int
    opened_at: dt.datetime | None
    closed_at: dt.datetime | None
    chair: str = ""
    papers: Sequence[str] = ()
    votes: Sequence[Vote] = ()


@dataclass(frozen=True)
class Proved:
    """A checkpoint of the log, and in words what of this session it covers."""

    about: str
    mark: Mark | None


@dataclass(frozen=True)
class MinutesSheet:
    """What stands in the minutes, in Vietnamese; times are aware. `chairs` are changes of the chair: when, and who."""

    title: str
    body: str
    issued_in: str
    place: str
    opened_at: dt.datetime
    closed_at: dt.datetime
    chair: str
    secretary: str
    chairs: Sequence[tuple[dt.datetime, str]] = ()
    breaks: Sequence[Break] = ()
    members: Sequence[Attendee] = ()
    substitutes: Sequence[Attendee] = ()
    guests: Sequence[Attendee] = ()
    matters: Sequence[Matter] = ()
    proved: Sequence[Proved] = ()
    demo: bool = False


def minutes(sheet: MinutesSheet) -> bytes:
    """The PDF, dated by the end of the session, byte for byte the same for the same sheet."""
    closed = sheet.closed_at.astimezone(dates.HANOI)
    day = dates.long_date(closed)
    place_date = f"{sheet.issued_in}, {day}" if sheet.issued_in else day[0].upper() + day[1:]
    return build(
        [
            Head(sheet.body.upper(), place_date, mark=UNSIGNED),
            Title("BIÊN BẢN", sheet.title),
            *_when(sheet),
            *_people(sheet),
            *_programme(sheet),
            *_course(sheet),
            blocks.heading("5. Kết luận của chủ tọa"),
            blocks.paragraph(NO_CONCLUSION),
            *_proofs(sheet),
            *_end(sheet),
            blocks.closing((), [(("THƯ KÝ PHIÊN HỌP",), ""), (("CHỦ TỌA PHIÊN HỌP",), "")]),
        ],
        title=f"Biên bản phiên họp (dự thảo, chưa ký): {sheet.title}", issuer=sheet.body, made_at=sheet.closed_at,
        demo=sheet.demo,
    )  # fmt: skip


def _when(sheet: MinutesSheet) -> Iterator[Flowable]:
    yield blocks.heading("1. Thời gian, địa điểm, chủ tọa")
    yield blocks.paragraph(
        f"Khai mạc: {_clock(sheet.opened_at)}; bế mạc: {_clock(sheet.closed_at)} (giờ Hà Nội). Địa điểm: {sheet.place}."
    )
    for each in sheet.breaks:
        until = f"đến {_clock(each.until)}" if each.until else "cho đến khi bế mạc"
        yield blocks.paragraph(f"Tạm dừng từ {_clock(each.since)} {until}. Lý do: {each.reason}")
    yield blocks.paragraph(f"Chủ tọa: {sheet.chair}. Thư ký phiên họp: {sheet.secretary or 'chưa phân công'}.")
    for at, chair in sheet.chairs:
        yield blocks.paragraph(f"Từ {_clock(at)}, chủ tọa phiên họp: {chair}.")


def _people(sheet: MinutesSheet) -> Iterator[Flowable]:
    places = [each.place for each in sheet.members]
    yield blocks.heading("2. Thành phần dự họp")
    yield blocks.paragraph(
        f"Tổng số thành viên {sheet.body}: {len(places)}. Dự họp: {len(places) - places.count('')}, trong đó tại phòng "
        f"họp: {places.count('in_room')}, từ xa: {places.count('remote')}. Vắng mặt: {places.count('')}."
    )
    rows = [
        (str(number), each.name, each.post, PLACES[each.place], _note(each))
        for number, each in enumerate(sheet.members, start=1)
    ]
    yield blocks.table(PEOPLE[0], rows, *PEOPLE[1:])
    for each in sheet.substitutes:
        here = PLACES[each.place].lower()
        words = f"{each.name}, {each.post}: dự thay {each.for_whom} ({here}); {STAND_IN}."
        yield blocks.paragraph(words, lead="Dự thay:")
    if sheet.guests:
        named = "; ".join(f"{each.name}, {each.post} ({PLACES[each.place].lower()})" for each in sheet.guests)
        yield blocks.paragraph(f"{named}. Khách mời không có quyền biểu quyết.", lead="Khách mời:")


def _note(each: Attendee) -> str:
    told = [f"lý do: {each.reason}"] if each.reason else []
    told += [f"người dự thay: {each.substitute}"] if each.substitute else []
    told += [f"đến lúc {_hour(each.came)}"] if each.came else []
    told += [f"rời phiên họp lúc {_hour(each.left)}"] if each.left else []
    return "; ".join(told)


def _programme(sheet: MinutesSheet) -> Iterator[Flowable]:
    yield blocks.heading("3. Chương trình")
    if not sheet.matters:
        yield blocks.paragraph("Chương trình không có nội dung nào.")
        return
    rows = [
        (str(each.position), each.title, each.organisation or "–", f"{each.planned} phút", _used(each))
        for each in sheet.matters
    ]
    yield blocks.table(MATTERS[0], rows, *MATTERS[1:])


def _used(matter: Matter) -> str:
    """From when to when, and how many minutes that is, begun ones counted."""
    if matter.opened_at is None or matter.closed_at is None:
        return NOT_DEALT_WITH
    span = -((matter.opened_at - matter.closed_at) // dt.timedelta(minutes=1))
    return f"{_hour(matter.opened_at)}–{_hour(matter.closed_at)} ({span} phút)"


def _course(sheet: MinutesSheet) -> Iterator[Flowable]:
    yield blocks.heading("4. Diễn biến và kết quả từng nội dung")
    for matter in sheet.matters:
        yield blocks.heading(f"Nội dung {matter.position}: {matter.title}")
        if matter.chair:
            yield blocks.paragraph(f"{matter.chair}.", lead="Chủ trì nội dung:")
        yield blocks.paragraph(f"{'; '.join(matter.papers) or 'không có'}.", lead="Tài liệu:")
        if matter.opened_at is None:
            yield blocks.paragraph(f"{NOT_DEALT_WITH} tại phiên họp.")
            continue
        yield blocks.paragraph(NO_SPEECHES, lead="Phát biểu:")
        if not matter.votes:
            yield blocks.paragraph("Không biểu quyết nội dung này.")
        for number, vote in enumerate(matter.votes, start=1):
            yield from _vote(vote, f"Biểu quyết lần {number}:" if len(matter.votes) > 1 else "Biểu quyết:")


def _vote(vote: Vote, lead: str) -> Iterator[Flowable]:
    yield blocks.paragraph(
        f"“{vote.question}” Mở lúc {_hour(vote.opened_at, seconds=True)}, đóng lúc "
        f"{_hour(vote.closed_at, seconds=True)}.", lead=lead,
    )  # fmt: skip
    if vote.annulled:
        yield blocks.paragraph(ANNULLED)
        return
    if vote.result is None:
        yield blocks.paragraph(NOT_PUBLISHED)
        return
    yield from counted(dict(vote.result))
    if vote.result["visibility"] != "named":
        yield blocks.paragraph(HIDDEN)
    elif vote.dissents:
        yield from (blocks.paragraph(_dissent(each)) for each in vote.dissents)
    else:
        yield blocks.paragraph("Không có ý kiến khác, ý kiến bảo lưu.")
    for words in vote.resolutions:
        yield blocks.paragraph(words, lead="Văn bản ban hành:")


def _dissent(vote: Mapping[str, Any]) -> str:
    kept = ", bảo lưu ý kiến" if vote["reservation"] else ""
    said = f": {vote['remark']}" if vote["remark"] else "."
    return f"{vote['name']}, {vote['post']} – {CHOICES[vote['choice']].lower()}{kept}{said}"


def _proofs(sheet: MinutesSheet) -> Iterator[Flowable]:
    yield blocks.heading("6. Mốc nhật ký điện tử")
    for each in sheet.proved:
        yield from marked(each.mark, each.about)


def _end(sheet: MinutesSheet) -> Iterator[Flowable]:
    yield blocks.paragraph(
        f"Phiên họp bế mạc lúc {_clock(sheet.closed_at)}. Bản này do hệ thống lập từ hồ sơ điện tử của phiên họp, là "
        f"dự thảo chưa có chữ ký của thư ký và chủ tọa, không thay cho biên bản đã ký{blocks.END}"
    )


def _clock(at: dt.datetime) -> str:
    return dates.clock(at.astimezone(dates.HANOI))


def _hour(at: dt.datetime, *, seconds: bool = False) -> str:
    local = at.astimezone(dates.HANOI)
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
