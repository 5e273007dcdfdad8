"""What the benchmarks set, sign and judge: a tally of any size, Resolutions of any length, keys of both kinds."""

import datetime as dt
from typing import Any

from app.gateways import paper
from app.workflows.rules.tally import percent_of_all
from tests.gateways.paper_data import case

MADE_AT = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
MEMBERS_OF_THE_CASE = 27
TASKS = (
    "Bộ Tài chính chủ trì, phối hợp với các bộ, cơ quan liên quan rà soát, cắt giảm thủ tục hành chính trong lĩnh vực "
    "thuế, hải quan; báo cáo Thủ tướng Chính phủ kết quả trước ngày 15 tháng 12 hằng năm.",
    "Ngân hàng Nhà nước Việt Nam điều hành chính sách tiền tệ chủ động, linh hoạt; chỉ đạo các tổ chức tín dụng tiết "
    "giảm chi phí để hạ mặt bằng lãi suất cho vay đối với doanh nghiệp nhỏ và vừa.",
    "Ủy ban nhân dân các tỉnh, thành phố trực thuộc trung ương công khai quy hoạch, quỹ đất dành cho cụm công nghiệp; "
    "mỗi quý đối thoại với doanh nghiệp ít nhất một lần.",
    "Bộ Khoa học và Công nghệ hỗ trợ doanh nghiệp chuyển đổi số, đổi mới công nghệ; hoàn thành nền tảng dùng chung.",
    "Bộ Tư pháp thẩm định, theo dõi việc thi hành pháp luật về hỗ trợ doanh nghiệp, kịp thời đề xuất sửa đổi, bổ sung.",
)


def tally_case(members: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(definition, result) of the recorded case of 27, or the same with more members who all agree."""
    definition, result = case()
    for index in range(MEMBERS_OF_THE_CASE + 1, members + 1):
        entry = {**definition["roll"][-1], "index": index, "member": f"M{index:02}"}
        definition["roll"].append(entry)
        result["votes"].append({**result["votes"][0], **entry, "leaf_seq": index, "place": "in_room"})
    more = members - MEMBERS_OF_THE_CASE
    for name in ("members", "agree", "in_room"):
        result[name] += more
    result["log"]["size"] += more
    result["percent_of_all"] = percent_of_all(result["agree"], members)
    return definition, result


def resolution_text(articles: int) -> dict[str, Any]:
    """The structured text of a Resolution with so many articles, each of a heading or not and one to three clauses."""
    return {
        "v": 1,
        "ctx": "vn.ecabinet.resolution_text.v1",
        "kind": "resolution",
        "subject": "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
        "bases": [
            "Căn cứ Luật Tổ chức Chính phủ ngày 18 tháng 02 năm 2025",
            "Căn cứ Luật Hỗ trợ doanh nghiệp nhỏ và vừa ngày 12 tháng 6 năm 2017",
            "Theo đề nghị của Bộ trưởng Bộ Tài chính tại Tờ trình số 812/TTr-BTC ngày 03 tháng 11 năm 2026",
        ],
        "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ",
        "articles": [_article(number) for number in range(articles)],
        "annexes": [],
        "recipients": ["Ban Bí thư Trung ương Đảng", "Thủ tướng, các Phó Thủ tướng Chính phủ", "Các bộ, cơ quan"],
        "archive": "VT, KTTH (2)",
    }


def _article(number: int) -> dict[str, Any]:
    if number % 6 == 0:
        points = ["Giảm ít nhất 30% thời gian giải quyết", "Không đặt thêm điều kiện kinh doanh"]
        return {
            "heading": f"Nhiệm vụ và giải pháp nhóm {number // 6 + 1}",
            "intro": "",
            "clauses": [{"text": f"{TASKS[3][:-1]}:", "points": points}],
        }
    return {"heading": "", "intro": TASKS[number % len(TASKS)], "clauses": []}


def sheet(draft: bool = False) -> paper.ResolutionSheet:
    """The rest of the Resolution: for signing, with its form fields, unless it is a draft."""
    address = "https://ecabinet.example/xac-minh/AbCdEfGhIjKlMnOpQrSt"
    return paper.ResolutionSheet(
        made_at=MADE_AT, signer_name="Nguyễn Giả An", draft=draft, qr="" if draft else address,
        text_sha256="0" * 64, demo=True,
    )  # fmt: skip
