"""Which sessions the demo Government held, called off, prepares and is about to hold, on dates around today."""

import datetime as dt
from dataclasses import dataclass, replace

from app.demo.dossiers import decision, hearing, renewal, revised_draft, reworded
from app.demo.programme import Guest, Issuance, Item, Leave, Opinion, Paper, Session, Vote
from app.models import Choice, DocumentKind, ItemKind, MeetingKind, Secrecy
from app.workflows.rules.calendar import HANOI, hanoi_date

REGULAR, THEMATIC, EXTRAORDINARY = MeetingKind
ROOM, PROVINCE, PROVINCE_ROOM = "Phòng họp Chính phủ", "UBND-LC", "Phòng họp số 1, UBND tỉnh Lào Cai"
AUGUST, PAST = 8, dt.timedelta(days=60)  # a session of last August, long enough ago
EARLY, MORNING, OFFICE_OPENS, MIDNIGHT = 6, dt.time(8), dt.time(9), dt.time(23, 59)
HALF_HOUR = 30
SATURDAY = 5
EXPERT = "Chuyên gia độc lập về công nghệ số"
READY_TO_COME = ("tv26", "tv17")  # one announced from afar, one who never answered: they are still to come
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
NUMBERED_ON_PAPER = 183  # Resolutions of the year when the Office began to number here


@dataclass(frozen=True)
class Calendar:
    """The days of the sessions; `founded` is when the accounts and keys were made."""

    summer: dt.datetime
    last_month: dt.datetime
    laws: dt.datetime
    storm: dt.datetime
    put_off: dt.datetime
    ready: dt.datetime
    next_month: dt.datetime
    province: dt.datetime
    now: dt.datetime

    @property
    def founded(self) -> dt.datetime:
        return self.summer - 21 * DAY


def calendar_around(now: dt.datetime) -> Calendar:
    """The days around a moment: this week, last month, last August; the next session starts today."""
    today = hanoi_date(now)
    summer = dt.date(today.year, AUGUST, 5)
    if today - summer < PAST:
        summer = dt.date(today.year - 1, AUGUST, 5)
    last = today.replace(day=1) - DAY
    coming = (today.replace(day=28) + 7 * DAY).replace(day=20)
    return Calendar(
        summer=_at(_working_day(summer)),
        last_month=_at(_working_day(last.replace(day=min(today.day, 28)))),
        laws=_at(_working_day(today - 3 * DAY), dt.time(14)),
        storm=_at(_working_day(today - 8 * DAY), dt.time(15)),
        put_off=_at(_working_day(today + 6 * DAY)),
        ready=next_start(now),
        next_month=_at(_working_day(coming)),
        province=_at(_working_day(today + 4 * DAY), dt.time(14)),
        now=now,
    )


def next_start(now: dt.datetime) -> dt.datetime:
    """The next full or half hour of Hanoi, at night the morning; always today, so that members can check in."""
    local = now.astimezone(HANOI)
    if local.hour < EARLY:
        return _at(local.date())
    begun = local.replace(minute=local.minute // HALF_HOUR * HALF_HOUR, second=0, microsecond=0)
    return min(begun + dt.timedelta(minutes=HALF_HOUR), _at(local.date(), MIDNIGHT))


def summer(on: Calendar, members: tuple[str, ...]) -> Session:
    """Three reports and one plan, adopted by all who were there; its Resolution was out in about a minute."""
    starts, day = on.summer, on.summer.date() - 12 * DAY
    plan = Vote(issuance=Issuance((14, 6, 4, 19, 9, 5, 6), silent=("tv13",)))
    return Session(
        REGULAR, _summer_title(starts), ROOM, starts - 9 * DAY,
        starts - 7 * DAY, starts, (hearing(3, day), hearing(4, day), hearing(11, day), decision(10, day, (plan,))),
        members=members, conference_url=_link(starts), remote=("tv12", "tv20"),
        leaves=(
            Leave("tv13", "Tháp tùng Lãnh đạo Đảng, Nhà nước thăm chính thức nước ngoài", True, "thutruong.bng"),
            Leave("tv08", "Chủ trì hội nghị tại địa phương theo phân công của Thủ tướng Chính phủ", True),
            Leave("tv24", "Dự lễ kỷ niệm tại địa phương theo chương trình đã đăng ký", True, "thutruong.bdttg"),
        ),
    )  # fmt: skip


def _summer_title(starts: dt.datetime) -> str:
    return f"Phiên họp Chính phủ thường kỳ tháng 7 năm {starts.year}"


def last_month(on: Calendar, members: tuple[str, ...]) -> Session:
    """25 of 27 agree, some from afar; a plan fails; one vote is held twice; last summer's plan is replaced.

    Three Resolutions: one stands, one was altered after the vote for a reason and later recalled, one replaces another.
    """
    starts, day = on.last_month, on.last_month.date() - 12 * DAY
    return Session(
        REGULAR, f"Phiên họp Chính phủ thường kỳ tháng {starts.month} năm {starts.year}", ROOM, starts - 9 * DAY,
        starts - 7 * DAY, starts,
        (decision(2, day, (Vote(issuance=ENTERPRISES),)), decision(7, day, (POWER,), question=POWER_QUESTION),
         decision(13, day, _handing_over(starts.date())),
         renewal(10, day, on.summer.date(), (Vote(issuance=_replacing(on.summer)),))),
        members=members, conference_url=_link(starts), remote=("tv06", "tv13", "tv24", "tv25"), minutes=240,
        leaves=(
            Leave("tv23", "Đi công tác nước ngoài theo quyết định của Thủ tướng Chính phủ", True, "thutruong.byt"),
            Leave("tv14", "Điều trị theo chỉ định của bác sĩ", True),
        ),
    )  # fmt: skip


ENTERPRISES = Issuance((12, 5, 6, 23, 11, 4, 7), silent=("tv05", "tv14", "tv17", "tv23"))


def _replacing(summer: dt.datetime) -> Issuance:
    """Signed by the Deputy Prime Minister in charge; not everybody has confirmed that it came."""
    plan = (_summer_title(summer), 4)
    return Issuance((13, 7, 5, 27, 12, 6, 8), signer="tv05", replaces=plan, silent=("tv05", "tv14", "tv22", "tv26"))


POWER_QUESTION = "Thông qua nội dung điều chỉnh Quy hoạch phát triển điện lực quốc gia?"
POWER = Vote(
    otherwise={
        "tv05": Opinion(Choice.DISAGREE, "Đề nghị bổ sung phương án cân đối nguồn nước cho vùng hạ du."),
        "tv10": Opinion(Choice.DISAGREE),
        "tv11": Opinion(Choice.DISAGREE, "Một số vị trí đường dây chưa thống nhất với quy hoạch đất quốc phòng."),
        "tv12": Opinion(Choice.DISAGREE),
        "tv15": Opinion(Choice.DISAGREE, "Thẩm quyền điều chỉnh cần rà soát lại theo pháp luật về quy hoạch."),
        "tv18": Opinion(Choice.DISAGREE),
        "tv22": Opinion(Choice.DISAGREE),
        "tv24": Opinion(Choice.DISAGREE),
        "tv26": Opinion(Choice.DISAGREE, "Chưa làm rõ trách nhiệm đối với các dự án chậm tiến độ."),
        "tv13": Opinion(Choice.OTHER),
        "tv20": Opinion(Choice.OTHER, "Đề nghị trình lại sau khi hoàn thiện phương án huy động vốn."),
        "tv25": Opinion(Choice.OTHER),
    },
    silent=("tv09",),
)
UNIVERSITIES = Vote(
    at_first={"tv10": Opinion(Choice.DISAGREE, "Đề nghị giải trình thêm về phương thức phân bổ kinh phí.")},
    otherwise={
        "tv10": Opinion(Choice.AGREE, "Tán thành sau khi nghe cơ quan chủ trì giải trình tại phiên họp."),
        "tv16": Opinion(
            Choice.DISAGREE,
            "Mức trích 8% cho học bổng làm tăng chi thường xuyên ngoài dự toán; đề nghị giữ mức hiện hành.",
            reservation=True,
        ),
        "tv21": Opinion(Choice.DISAGREE),
        "tv26": Opinion(Choice.OTHER, "Đề nghị quy định rõ cơ chế thanh tra sau khi giao quyền tự chủ."),
    },
)
REPORTED_BEFORE = "báo cáo vướng mắc về Bộ trước ngày 15 hằng tháng"
HANDED_OVER = Issuance(
    (16, 21, 7, 31, 10, 5, 6),
    changed=reworded(REPORTED_BEFORE, REPORTED_BEFORE.replace("15", "20")),
    reason="Thống nhất thời hạn báo cáo với chế độ báo cáo định kỳ; đã xin ý kiến Thủ tướng Chính phủ.",
    recalled="Danh sách đơn vị chuyển giao chưa thống nhất với hồ sơ trình; thu hồi để rà soát, ban hành lại.",
    silent=("tv18",),
)


def _handing_over(day: dt.date) -> tuple[Vote, ...]:
    """A vote over the wrong version is annulled; the right one is put to a vote of its own."""
    heading = "Thời hạn thực hiện"
    right = revised_draft(13, day, heading, f"Địa phương tiếp nhận {REPORTED_BEFORE}.")
    reason = "Dự thảo trình biểu quyết chưa phải bản đã tiếp thu ý kiến tại phiên họp; biểu quyết lại theo bản đúng."
    return Vote(annulled=reason, only=9), Vote({"tv25": Opinion(Choice.OTHER)}, revised=right, issuance=HANDED_OVER)


FIRE_QUESTION = (
    "Thông qua dự án Luật sửa đổi, bổ sung một số điều của Luật Phòng cháy, chữa cháy và cứu nạn, cứu hộ để trình Quốc "
    "hội?"
)


def laws(on: Calendar, members: tuple[str, ...]) -> Session:
    """All 27 are there; a tie follows the Prime Minister, who confirms it while a Deputy has the chair.

    One changes the vote, one reserves an opinion. One Resolution was numbered and stopped, so that its number is
    cancelled and its vote waits for another; one waits for number and seal, one for the Prime Minister's signature.
    """
    starts, day = on.laws, on.laws.date() - 12 * DAY
    against = ("tv03", "tv05", "tv06", "tv08", "tv11", "tv14", "tv16", "tv17", "tv19", "tv20", "tv22", "tv23", "tv26")
    tie = Vote(
        {handle: Opinion(Choice.DISAGREE) for handle in against} | {"tv25": Opinion(Choice.OTHER)},
        issuance=Issuance((58, 0, 95, 410), drafted_at=on.now - 55 * MINUTE),
    )
    identity = Vote(
        {"tv15": Opinion(Choice.DISAGREE, "Giá trị pháp lý của xác thực mức 3 cần quy định rõ hơn.")},
        issuance=Issuance((15, 6, 5, 22, 13), stopped="Viện dẫn sai ngày của Tờ trình tại phần căn cứ; soạn lại."),
    )
    universities = replace(UNIVERSITIES, issuance=Issuance((17, 0, 140), drafted_at=on.now - 40 * MINUTE))
    return Session(
        THEMATIC, f"Phiên họp Chính phủ chuyên đề về xây dựng pháp luật tháng {starts.month} năm {starts.year}", ROOM,
        starts - 8 * DAY, starts - 6 * DAY, starts,
        (decision(1, day, (identity,)), decision(6, day, (tie,), "tv02", FIRE_QUESTION),
         decision(9, day, (universities,))),
        members=members, conference_url=_link(starts), remote=("tv04", "tv13", "tv18", "tv19", "tv25"), minutes=150,
        leaves=(
            Leave("tv10", "Dự hội nghị chuyên đề của ngành", False,
                  answer="Đề nghị Phó Thủ tướng sắp xếp dự họp vì có nội dung thuộc lĩnh vực phụ trách."),
        ),
        guests=(Guest("khachmoi", EXPERT, (1,)),),
    )  # fmt: skip


def storm(on: Calendar, members: tuple[str, ...]) -> Session:
    """Called at short notice, and no longer needed."""
    title = "Báo cáo công tác ứng phó bão và mưa lũ tại các tỉnh miền Trung"
    said = "Bộ Nông nghiệp và Môi trường báo cáo nhanh tình hình, phương án sơ tán và nhu cầu hỗ trợ khẩn cấp."
    return Session(
        EXTRAORDINARY, f"Phiên họp Chính phủ đột xuất về ứng phó bão, ngày {on.storm:%d/%m/%Y}", ROOM,
        on.storm - 2 * DAY, on.storm - 2 * DAY + dt.timedelta(hours=4), on.storm,
        (Item(title, ItemKind.REPORT, "BNNMT", said, minutes=45),),
        minutes=60, members=members, conference_url=_link(on.storm), unanswered=("tv04", "tv09", "tv13", "tv22"),
        remote=("tv05", "tv18"),
    )  # fmt: skip


STORM_PASSED = "Bão đã suy yếu thành áp thấp nhiệt đới, không ảnh hưởng trực tiếp đến đất liền."
NOT_READY = (
    "Bộ Nội vụ cần thêm thời gian tiếp thu ý kiến thẩm định của Bộ Tư pháp; thời gian họp mới sẽ được thông báo sau."
)


def put_off(on: Calendar, members: tuple[str, ...]) -> Session:
    """Called while its papers were still being written."""
    year = on.put_off.year
    scheme = f"Đề án sắp xếp, tổ chức lại đơn vị sự nghiệp công lập giai đoạn {year + 1} – {year + 5}"
    report = "Báo cáo thực hiện cơ chế tự chủ tài chính của đơn vị sự nghiệp công lập"
    begun = _at(on.ready.date() - 6 * DAY, OFFICE_OPENS)
    return Session(
        THEMATIC, f"Phiên họp Chính phủ chuyên đề về đơn vị sự nghiệp công lập năm {year}", ROOM, begun,
        begun + dt.timedelta(hours=6), on.put_off,
        (
            Item(scheme, ItemKind.DECISION, "BNV", "Hồ sơ đang được Bộ Nội vụ hoàn thiện theo ý kiến thẩm định.",
                 (Paper(DocumentKind.SUBMISSION, f"Tờ trình về {scheme}"),), minutes=40),
            Item(report, ItemKind.REPORT, "BTC", "Bộ Tài chính tổng hợp báo cáo của các bộ, địa phương.", minutes=25),
        ),
        members=members, conference_url=_link(on.put_off), unanswered=members[18:], remote=("tv13",), minutes=120,
    )  # fmt: skip


def ready(on: Calendar, members: tuple[str, ...]) -> Session:
    """The session that is about to be held: report, two decisions, and a secret matter on paper."""
    starts, day = on.ready, on.ready.date() - 12 * DAY
    begun, invited = _at(starts.date() - 9 * DAY, OFFICE_OPENS), _at(starts.date() - 7 * DAY, OFFICE_OPENS)
    return Session(
        REGULAR, f"Phiên họp Chính phủ thường kỳ tháng {starts.month} năm {starts.year}", ROOM, begun, invited,
        starts,
        (hearing(12, day), decision(5, day, question="Thông qua Đề án phát triển đường sắt đô thị?"),
         decision(8, day), DEFENCE),
        members=members, conference_url=_link(starts), remote=("tv06", "tv13", "tv25", "tv26"), unanswered=("tv17",),
        invited_by="chunhiem",
        leaves=(
            Leave("tv21", "Dự hội nghị cấp Bộ trưởng về trí tuệ nhân tạo ở nước ngoài theo chương trình đã được phê "
                  "duyệt", True, "thutruong.bkhcn", "Đồng ý. Thứ trưởng dự thay và báo cáo các nội dung của Bộ."),
            Leave("tv20", "Chủ trì lễ khai mạc Tuần Văn hóa tại địa phương theo kế hoạch", None, "thutruong.bvhttdl"),
        ),
        guests=(Guest("khachmoi", EXPERT, (3,)),),
    )  # fmt: skip


DEFENCE = Item(
    "Nội dung về quốc phòng (tài liệu Mật)", ItemKind.DISCUSSION, "BQP",
    "Tài liệu mật không đưa vào Hệ thống. Đại biểu nhận bản giấy có đánh số tại phòng họp và nộp lại ngay sau khi kết "
    "thúc nội dung.",
    (Paper(DocumentKind.SUBMISSION, "Tờ trình của Bộ Quốc phòng (phát bản giấy tại phòng họp)",
           secrecy=Secrecy.CONFIDENTIAL, number="01 đến 30"),),
    minutes=20,
)  # fmt: skip


def next_month(on: Calendar, members: tuple[str, ...]) -> Session:
    """Still a draft: the clerk has only begun."""
    starts, begun = on.next_month, _at(on.ready.date() - 2 * DAY, OFFICE_OPENS)
    report = "Báo cáo tình hình thực hiện nhiệm vụ do Chính phủ, Thủ tướng Chính phủ giao"
    decree = "Dự thảo Nghị định sửa đổi, bổ sung một số điều của Nghị định về quản lý, sử dụng tài sản công"
    return Session(
        REGULAR, f"Phiên họp Chính phủ thường kỳ tháng {starts.month} năm {starts.year}", ROOM, begun, begun, starts,
        (
            Item(report, ItemKind.REPORT, "VPCP", "Văn phòng Chính phủ tổng hợp từ Hệ thống theo dõi nhiệm vụ."),
            Item(decree, ItemKind.DECISION, "BTC", "Chờ Bộ Tài chính gửi hồ sơ trình.",
                 (Paper(DocumentKind.SUBMISSION, f"Tờ trình về {decree[:1].lower()}{decree[1:]}"),), minutes=30),
        ),
        members=members,
    )  # fmt: skip


def province(on: Calendar) -> Session:
    """A session of another body: nobody of the Government ever sees it."""
    starts, invited = on.province, _at(on.ready.date() - 5 * DAY, OFFICE_OPENS)
    members = tuple(f"laocai.{rank:02}" for rank in range(1, 7))
    return Session(
        REGULAR, f"Phiên họp UBND tỉnh Lào Cai thường kỳ tháng {starts.month} năm {starts.year}", PROVINCE_ROOM,
        invited - DAY, invited, starts,
        (
            Item(f"Phương án điều chỉnh dự toán ngân sách địa phương năm {starts.year}", ItemKind.DECISION, "STC",
                 "Sở Tài chính trình phương án điều chỉnh giữa các nhiệm vụ chi đã giao.", minutes=30),
            Item("Báo cáo tiến độ các dự án giao thông trọng điểm của tỉnh", ItemKind.REPORT, "SXD",
                 "Sở Xây dựng báo cáo tiến độ, vướng mắc về mặt bằng và vật liệu.", minutes=30),
        ),
        body=PROVINCE, clerk="laocai.07", invited_by="laocai.07", secretary="laocai.07", members=members, minutes=120,
        unanswered=("laocai.05",),
    )  # fmt: skip


def _link(starts: dt.datetime) -> str:
    return f"https://hop.ecabinet.example/{starts:%Y-%m-%d-%H%M}"


def _at(day: dt.date, time: dt.time = MORNING) -> dt.datetime:
    return dt.datetime.combine(day, time, HANOI)


def _working_day(day: dt.date) -> dt.date:
    """The day itself or the Monday after it; at the end of a month the Friday before."""
    if day.weekday() < SATURDAY:
        return day
    monday = day + (7 - day.weekday()) * DAY
    return monday if monday.month == day.month else day - (day.weekday() - SATURDAY + 1) * DAY
