"""Who governs in a demo: compositions of the Government as data, with posts as they are and people as invented."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from app.demo import names
from app.models import BodyKind, Office, OrganisationKind
from app.workflows.rules.names import fold
from app.workflows.rules.rulesets import GOVERNMENT_RULE_SETS, PROVINCE_RULE_SETS, RuleSetPreset

OFFICE_UNITS = {
    "TH": "Vụ Tổng hợp", "PL": "Vụ Pháp luật", "CN": "Vụ Công nghiệp", "QHĐP": "Vụ Quan hệ địa phương",
    "KTTH": "Vụ Kinh tế tổng hợp", "NN": "Vụ Nông nghiệp", "KGVX": "Vụ Khoa giáo – Văn xã", "NC": "Vụ Nội chính",
    "QHQT": "Vụ Quan hệ quốc tế", "KSTT": "Cục Kiểm soát thủ tục hành chính", "TCCV": "Vụ Tổ chức công vụ",
    "HC": "Vụ Hành chính",
}  # fmt: skip
MEMBER, OFFICER, GUEST = ("thanh_vien",), ("van_phong",), ("khach",)
ELSEWHERE = 100  # ranks from here on are of no member


@dataclass(frozen=True)
class Post:
    """An office held: title as written in documents, abbreviation as used in symbols."""

    office: Office
    title: str
    abbreviation: str
    organisation: str | None
    rank: int


@dataclass(frozen=True)
class Figure:
    """An invented person; `handle` is the user name when there is an account (`roles` says which screens)."""

    handle: str
    name: str
    posts: tuple[Post, ...] = ()
    roles: tuple[str, ...] = ()
    signs: bool = False


@dataclass(frozen=True)
class Unit:
    """A ministry, agency, or unit of another organisation (`parent`)."""

    abbreviation: str
    name: str
    kind: OrganisationKind
    parent: str | None = None


@dataclass(frozen=True)
class Tenant:
    """A deciding body with all that belongs to it; `aides` are (member, aide) by handle."""

    code: str
    name: str
    kind: BodyKind
    place: str
    rule_sets: tuple[RuleSetPreset, ...]
    units: tuple[Unit, ...]
    figures: tuple[Figure, ...]
    aides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Preset:
    """A Government in office since a Hanoi date, and a province beside it that must never see its affairs."""

    code: str
    since: dt.date
    government: Tenant
    province: Tenant


def _ministries(*rows: tuple[str, str]) -> list[Unit]:
    return [Unit(short, f"Bộ {name}", OrganisationKind.MINISTRY) for short, name in rows]


BANK = Unit("NHNN", "Ngân hàng Nhà nước Việt Nam", OrganisationKind.AGENCY)
INSPECTORATE = Unit("TTCP", "Thanh tra Chính phủ", OrganisationKind.AGENCY)
ETHNIC_COMMITTEE = Unit("UBDT", "Ủy ban Dân tộc", OrganisationKind.AGENCY)
OFFICE = Unit("VPCP", "Văn phòng Chính phủ", OrganisationKind.OFFICE)
HEADS = {
    "NHNN": "Thống đốc Ngân hàng Nhà nước Việt Nam",
    "TTCP": "Tổng Thanh tra Chính phủ",
    "UBDT": "Bộ trưởng, Chủ nhiệm Ủy ban Dân tộc",
    "VPCP": "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ",
}
DEPUTY_TITLES = {
    "NHNN": ("Phó Thống đốc Thường trực Ngân hàng Nhà nước Việt Nam", "Phó Thống đốc Ngân hàng Nhà nước Việt Nam"),
    "TTCP": ("Phó Tổng Thanh tra Thường trực Chính phủ", "Phó Tổng Thanh tra Chính phủ"),
    "UBDT": ("Thứ trưởng, Phó Chủ nhiệm Thường trực Ủy ban Dân tộc", "Thứ trưởng, Phó Chủ nhiệm Ủy ban Dân tộc"),
    "VPCP": ("Phó Chủ nhiệm Thường trực Văn phòng Chính phủ", "Phó Chủ nhiệm Văn phòng Chính phủ"),
}
AREAS = (
    "kinh tế tổng hợp", "công nghiệp – xây dựng", "nông nghiệp – môi trường", "khoa giáo – văn xã", "nội chính",
    "đối ngoại", "cải cách hành chính – địa phương", "chuyển đổi số",
)  # fmt: skip


def _leader(title: str, office: Office, rank: int) -> Post:
    return Post(office, title, "TTg" if office is Office.HEAD else "PTTg", None, rank)


def _minister(unit: Unit, rank: int) -> Post:
    office = Office.MINISTER_CHAIRMAN if unit is OFFICE else Office.MEMBER
    title = HEADS.get(unit.abbreviation, f"Bộ trưởng {unit.name}")
    return Post(office, title, unit.abbreviation, unit.abbreviation, rank)


def _members(posts: Sequence[tuple[Post, ...]]) -> list[Figure]:
    """One figure for each place in the order of precedence; the first is the head, the last the Minister-Chairman."""
    figures = []
    for rank, (name, held) in enumerate(zip(names.MEMBERS, posts, strict=True), start=1):
        handle = {1: "thutuong", len(posts): "chunhiem"}.get(rank, f"tv{rank:02}")
        roles = MEMBER + OFFICER if rank == len(posts) else MEMBER
        figures.append(Figure(handle, name, held, roles, signs=True))
    return figures


def _deputies(units: list[Unit]) -> list[Figure]:
    """Two deputies of each ministry or agency: those who may sit in for its head, and have no ballot."""
    figures, rank, name = [], count(ELSEWHERE), iter(names.DEPUTIES)
    for unit in units:
        titles = (f"Thứ trưởng Thường trực {unit.name}", f"Thứ trưởng {unit.name}")
        for number, title in zip(("", "2"), DEPUTY_TITLES.get(unit.abbreviation, titles), strict=True):
            handle = f"thutruong{number}.{fold(unit.abbreviation)}"
            held = Post(Office.DEPUTY_MINISTER, title, unit.abbreviation, unit.abbreviation, next(rank))
            roles = MEMBER if handle == "thutruong.bkhcn" else ()
            figures.append(Figure(handle, next(name), (held,), roles))
    return figures


def _officers() -> list[Figure]:
    """People of the Government Office: desk, records, audit, administration, heads of units; and a guest."""
    rows = (
        ("chuyenvien", Office.CLERK, "Chuyên viên Vụ Tổng hợp, Văn phòng Chính phủ", "TH", OFFICER),
        ("vanthu", Office.RECORDS, "Văn thư Văn phòng Chính phủ", "HC", ("van_thu",)),
        ("kiemtoan", Office.AUDITOR, "Kiểm toán viên hệ thống thông tin", "VPCP", ("kiem_toan",)),
        ("quantri", Office.ADMINISTRATOR, "Quản trị viên hệ thống, Văn phòng Chính phủ", "VPCP", ("quan_tri",)),
        ("vutruong.th", Office.UNIT_HEAD, "Vụ trưởng Vụ Tổng hợp, Văn phòng Chính phủ", "TH", MEMBER),
        ("vutruong.pl", Office.UNIT_HEAD, "Vụ trưởng Vụ Pháp luật, Văn phòng Chính phủ", "PL", ()),
        ("cuctruong.kstt", Office.UNIT_HEAD, "Cục trưởng Cục Kiểm soát thủ tục hành chính", "KSTT", ()),
    )
    figures = [
        Figure(handle, name, (Post(office, title, unit, unit, ELSEWHERE * 2 + rank),), roles)
        for rank, (name, (handle, office, title, unit, roles)) in enumerate(zip(names.OFFICE, rows, strict=False))
    ]
    return [*figures, Figure("khachmoi", names.OFFICE[len(rows)], roles=GUEST)]


AIDED = ("thutuong", "tv02", "tv03", "tv12", "tv16", "chunhiem")
SHOWS_AN_AIDE = "tv12"  # whose aide has an account


def aide_of(member: str) -> str:
    """The handle of a member's aide."""
    return f"troly.{member}"


def _government(units: list[Unit], posts: Sequence[tuple[Post, ...]]) -> Tenant:
    aides = [
        Figure(aide_of(member), name, roles=GUEST if member == SHOWS_AN_AIDE else ())
        for member, name in zip(AIDED, names.AIDES, strict=True)
    ]
    inner = [Unit(short, name, OrganisationKind.UNIT, OFFICE.abbreviation) for short, name in OFFICE_UNITS.items()]
    return Tenant(
        code="CP", name="Chính phủ", kind=BodyKind.GOVERNMENT, place="Hà Nội", rule_sets=GOVERNMENT_RULE_SETS,
        units=(*units, *inner), figures=(*_members(posts), *_deputies(units), *_officers(), *aides),
        aides=tuple((member, aide.handle) for member, aide in zip(AIDED, aides, strict=True)),
    )  # fmt: skip


def _province() -> Tenant:
    units = (
        Unit("VPUB", "Văn phòng UBND tỉnh Lào Cai", OrganisationKind.OFFICE),
        Unit("STC", "Sở Tài chính", OrganisationKind.AGENCY),
        Unit("SXD", "Sở Xây dựng", OrganisationKind.AGENCY),
        Unit("SYT", "Sở Y tế", OrganisationKind.AGENCY),
    )
    posts = (
        Post(Office.HEAD, "Chủ tịch Ủy ban nhân dân tỉnh Lào Cai", "CT", None, 1),
        Post(Office.DEPUTY_HEAD, "Phó Chủ tịch Thường trực Ủy ban nhân dân tỉnh Lào Cai", "PCT", None, 2),
        Post(Office.DEPUTY_HEAD, "Phó Chủ tịch Ủy ban nhân dân tỉnh Lào Cai", "PCT", None, 3),
        Post(Office.MEMBER, "Giám đốc Sở Tài chính tỉnh Lào Cai", "STC", "STC", 4),
        Post(Office.MEMBER, "Giám đốc Sở Xây dựng tỉnh Lào Cai", "SXD", "SXD", 5),
        Post(Office.MEMBER, "Giám đốc Sở Y tế tỉnh Lào Cai", "SYT", "SYT", 6),
        Post(Office.CLERK, "Chuyên viên Văn phòng UBND tỉnh Lào Cai", "VPUB", "VPUB", ELSEWHERE),
    )
    figures = [
        Figure(f"laocai.{rank:02}", name, (post,))
        for rank, (name, post) in enumerate(zip(names.PROVINCE, posts, strict=True), start=1)
    ]
    return Tenant(
        code="UBND-LC", name="Ủy ban nhân dân tỉnh Lào Cai", kind=BodyKind.PROVINCE, place="Lào Cai",
        rule_sets=PROVINCE_RULE_SETS, units=units, figures=tuple(figures),
    )  # fmt: skip


def _of_2025() -> Preset:
    """In office since October 2025: 10 leaders, 14 ministers, 3 heads of ministerial-level agencies."""
    units = [
        *_ministries(
            ("BQP", "Quốc phòng"), ("BCA", "Công an"), ("BNG", "Ngoại giao"), ("BNV", "Nội vụ"), ("BTP", "Tư pháp"),
            ("BTC", "Tài chính"), ("BCT", "Công Thương"), ("BNNMT", "Nông nghiệp và Môi trường"), ("BXD", "Xây dựng"),
            ("BVHTTDL", "Văn hóa, Thể thao và Du lịch"), ("BKHCN", "Khoa học và Công nghệ"),
            ("BGDĐT", "Giáo dục và Đào tạo"), ("BYT", "Y tế"), ("BDTTG", "Dân tộc và Tôn giáo"),
        ),
        BANK, INSPECTORATE, OFFICE,
    ]  # fmt: skip
    leaders = [
        _leader("Thủ tướng Chính phủ", Office.HEAD, 1),
        _leader("Phó Thủ tướng Thường trực Chính phủ", Office.DEPUTY_HEAD, 2),
        *(
            _leader(f"Phó Thủ tướng Chính phủ (phụ trách {area})", Office.DEPUTY_HEAD, rank)
            for rank, area in enumerate(AREAS, start=3)
        ),
    ]
    posts = [(leader,) for leader in leaders] + [(_minister(unit, 11 + at),) for at, unit in enumerate(units)]
    return Preset("G2025-10", dt.date(2025, 10, 25), _government(units, posts), _province())


def _of_2019() -> Preset:
    """The Government of the first electronic session: 28 posts held by 27 people."""
    foreign, *others = _ministries(
        ("BNG", "Ngoại giao"), ("BQP", "Quốc phòng"), ("BCA", "Công an"), ("BNV", "Nội vụ"), ("BTP", "Tư pháp"),
        ("BKHĐT", "Kế hoạch và Đầu tư"), ("BTC", "Tài chính"), ("BCT", "Công Thương"),
        ("BNNPTNT", "Nông nghiệp và Phát triển nông thôn"), ("BGTVT", "Giao thông vận tải"), ("BXD", "Xây dựng"),
        ("BTNMT", "Tài nguyên và Môi trường"), ("BTTTT", "Thông tin và Truyền thông"),
        ("BLĐTBXH", "Lao động – Thương binh và Xã hội"), ("BVHTTDL", "Văn hóa, Thể thao và Du lịch"),
        ("BKHCN", "Khoa học và Công nghệ"), ("BGDĐT", "Giáo dục và Đào tạo"), ("BYT", "Y tế"),
    )  # fmt: skip
    others += [BANK, INSPECTORATE, ETHNIC_COMMITTEE, OFFICE]
    deputy = [_leader("Phó Thủ tướng Chính phủ", Office.DEPUTY_HEAD, rank) for rank in range(3, 7)]
    posts = [
        (_leader("Thủ tướng Chính phủ", Office.HEAD, 1),),
        (_leader("Phó Thủ tướng Thường trực Chính phủ", Office.DEPUTY_HEAD, 2),),
        (deputy[0], _minister(foreign, 28)),  # also Minister of Foreign Affairs, and counted once
        *((each,) for each in deputy[1:]),
        *((_minister(unit, 7 + at),) for at, unit in enumerate(others)),
    ]
    return Preset("G2019", dt.date(2018, 10, 24), _government([foreign, *others], posts), _province())


G2025_10 = _of_2025()
G2019 = _of_2019()
PRESETS = {preset.code: preset for preset in (G2025_10, G2019)}
