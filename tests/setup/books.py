"""What an office fills in on its first day: the answers of the setup, a workbook of five members and their staff."""

import datetime as dt
import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

SINCE = dt.date(2026, 1, 1)
UNWRITABLE = Path("/proc")  # takes no file of anybody, root included
ANSWERS = {
    "name": "Chính phủ", "code": "CP", "kind": "government", "place": "Hà Nội",
    "administrator": "Lý Văn Mười Một", "post": "Quản trị viên hệ thống", "username": "quantri",
    "email": "quantri@example.vn", "witness": "Tô Thị Mười Hai",
}  # fmt: skip
UNITS = [
    ["VTH", "Vụ Tổng hợp", "Đơn vị", "VPCP", 9],  # before the office that it belongs to
    ["VPCP", "Văn phòng Chính phủ", "office", None, 1],
    ["BXD", "Bộ Xây dựng", "ministry", None, 2],
    ["BYT", "Bộ Y tế", "ministry", None, 3],
]
PEOPLE = [  # code, name, user name, screens, e-mail, telephone
    ["1", "Trần Văn Một", "mot", "thanh_vien", "mot@example.vn", "0912345601"],
    ["2", "Lê Thị Hai", "hai", "thanh_vien", "hai@example.vn", None],
    ["3", "Phạm Văn Ba", "ba", "thanh_vien", "ba@example.vn", None],
    ["4", "Đỗ Thị Bốn", "bon", "thanh_vien", "bon@example.vn", None],
    ["5", "Vũ Văn Năm", "nam", "thanh_vien", "nam@example.vn", None],
    ["7", "Ngô Thị Bảy", "bay", "van_phong", "bay@example.vn", None],
    ["8", "Mai Thị Chín", "chin", "van_thu", "chin@example.vn", None],
    ["20", "La Hoài Miên", None, None, None, None],  # helps a member, has no account
    ["21", "Hồ Văn Sáu", None, None, "sau@example.vn", "+84 912 345 606"],
]
POSTS = [
    ["1", "head", "Thủ tướng Chính phủ", "TTg", None, 1, SINCE, None],
    ["2", "deputy_head", "Phó Thủ tướng Chính phủ", "PTTg", None, 2, "01/01/2026", None],
    ["3", "member", "Bộ trưởng Bộ Xây dựng", "BXD", "BXD", 3, "2026-01-01", None],
    ["4", "member", "Bộ trưởng Bộ Y tế", "BYT", "BYT", 4, SINCE, None],
    ["5", "minister_chairman", "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ", "VPCP", "VPCP", 5, SINCE, None],
    ["7", "clerk", "Chuyên viên Vụ Tổng hợp", "TH", "VTH", 90, SINCE, None],
    ["8", "records", "Văn thư", "HC", "VPCP", 91, SINCE, None],
    ["21", "deputy_minister", "Thứ trưởng Bộ Xây dựng", "BXD", "BXD", 50, SINCE, dt.date(2099, 1, 1)],
]
AIDES = [["3", "20", SINCE, None]]
HEADS = {
    "Organisations": ["Abbreviation", "Name", "Kind", "Belongs to", "Place in the order"],
    "People": ["Code of the person", "Full name", "User name", "Screens", "E-mail", "Mobile telephone"],
    "Posts": ["Code of the person", "Role in the body", "Post as written in documents", "Abbreviation", "Organisation",
              "Rank", "From (first day)", "To (first day on which it no longer holds)"],
    "Aides": ["Code of the member", "Code of the aide", "From (first day)",
              "To (first day on which it no longer holds)"],
}  # fmt: skip
ROWS: dict[str, list[list[Any]]] = {"Organisations": UNITS, "People": PEOPLE, "Posts": POSTS, "Aides": AIDES}


def as_json(folder: Path, answers: Any) -> Path:
    path = folder / "answers.json"
    path.write_text(json.dumps(answers, ensure_ascii=False))
    return path


def book(**sheets: Iterable[list[Any]]) -> bytes:
    """A workbook of the office above; sheets that are named have these rows instead, and none of None."""
    made = Workbook()
    made.remove(made.active)
    for title, rows in {**ROWS, **sheets}.items():
        if rows is None:
            continue
        sheet = made.create_sheet(title)
        for row in [HEADS.get(title, ["?"]), *rows]:
            sheet.append(row)
    return saved(made)


def fill(template: bytes) -> bytes:
    """The template that the application writes, filled in with the office above."""
    made = load_workbook(BytesIO(template))
    for sheet, rows in zip(made.worksheets[1:], ROWS.values(), strict=True):
        for row in rows:
            sheet.append(row)
    return saved(made)


def saved(made: Workbook) -> bytes:
    target = BytesIO()
    made.save(target)
    return target.getvalue()
