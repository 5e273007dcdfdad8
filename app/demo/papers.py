"""What the papers of the session of 24/06/2019 say: a submission and a draft Resolution, invented and marked DEMO."""

import datetime as dt
from typing import Any

from app.gateways.paper import blocks, dates
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build
from app.workflows.rules.resolution import formula, resolution_text

MATTER = "xây dựng Nghị định quy định về định danh và xác thực điện tử"
ITEM = f"Dự thảo Nghị quyết về việc {MATTER}"
MINISTRY, SYMBOL = "Bộ Thông tin và Truyền thông", "25/TTr-BTTTT"
SUBMITTED = dt.date(2019, 6, 14)
NEED = (
    "Giao dịch giữa cơ quan nhà nước với người dân, doanh nghiệp trên môi trường mạng ngày càng nhiều, nhưng chưa có "
    "quy định thống nhất về việc xác định một người trên môi trường mạng đúng là người đó ngoài đời. Mỗi hệ thống "
    "đang tự cấp tài khoản, tự đặt mức tin cậy; người dân phải khai báo lại thông tin ở từng nơi.",
    "Kinh nghiệm triển khai dịch vụ công trực tuyến cho thấy khâu xác minh danh tính chiếm phần lớn thời gian xử lý hồ "
    "sơ và là nơi dễ bị lợi dụng nhất. Cần sớm có nghị định của Chính phủ về định danh và xác thực điện tử làm nền "
    "tảng cho Chính phủ điện tử.",
)
CONTENT = (
    "Quy định các mức bảo đảm của định danh và của xác thực điện tử, làm căn cứ để cơ quan, tổ chức lựa chọn mức phù "
    "hợp với rủi ro của từng loại giao dịch.",
    "Quy định quyền, nghĩa vụ của tổ chức cung cấp dịch vụ định danh, của bên sử dụng dịch vụ và của người được định "
    "danh; bảo vệ thông tin cá nhân trong toàn bộ quá trình.",
    "Quy định việc kết nối, công nhận lẫn nhau giữa các hệ thống định danh của cơ quan nhà nước và của tổ chức khác.",
    "Quy định lộ trình chuyển tiếp đối với các tài khoản đã cấp trước khi nghị định có hiệu lực.",
)
IMPACT = (
    "Nghị định giúp người dân chỉ khai báo thông tin một lần, giảm thời gian xử lý hồ sơ trực tuyến, đồng thời tạo "
    "thuận lợi cho thương mại điện tử và thanh toán không dùng tiền mặt.",
    "Kinh phí xây dựng nghị định bố trí trong dự toán chi thường xuyên được giao; không làm tăng biên chế và tổ chức "
    "bộ máy.",
)
BASES = [
    "Căn cứ Luật Tổ chức Chính phủ ngày 19 tháng 6 năm 2015",
    "Căn cứ Luật Giao dịch điện tử ngày 29 tháng 11 năm 2005",
    "Căn cứ Nghị định số 138/2016/NĐ-CP ngày 01 tháng 10 năm 2016 của Chính phủ ban hành Quy chế làm việc của Chính "
    "phủ",
    f"Theo đề nghị của Bộ trưởng {MINISTRY} tại Tờ trình số {SYMBOL} {dates.long_date(SUBMITTED)}",
]
ARTICLES = (
    ("Thông qua đề nghị xây dựng Nghị định", (
        "Thông qua đề nghị xây dựng Nghị định quy định về định danh và xác thực điện tử với các nội dung nêu tại Tờ "
        f"trình số {SYMBOL} {dates.long_date(SUBMITTED)} của {MINISTRY}.",
        "Nghị định được xây dựng theo trình tự, thủ tục rút gọn khi đáp ứng điều kiện theo quy định của Luật Ban "
        "hành văn bản quy phạm pháp luật.",
    )),
    ("Phân công thực hiện", (
        f"Giao {MINISTRY} chủ trì, phối hợp với Bộ Công an, Bộ Tư pháp và các cơ quan liên quan soạn thảo Nghị "
        "định, trình Chính phủ xem xét, ban hành.",
        "Bộ Công an chia sẻ thông tin từ Cơ sở dữ liệu quốc gia về dân cư phục vụ định danh điện tử theo quy định "
        "của pháp luật.",
        "Bộ Tư pháp thẩm định dự thảo Nghị định trong thời hạn quy định.",
    )),
    ("Điều khoản thi hành", (
        "Nghị quyết này có hiệu lực từ ngày ký ban hành.",
        "Các Bộ trưởng, Thủ trưởng cơ quan ngang bộ, Thủ trưởng cơ quan thuộc Chính phủ, Chủ tịch Ủy ban nhân dân "
        "các tỉnh, thành phố trực thuộc trung ương chịu trách nhiệm thi hành Nghị quyết này.",
    )),
)  # fmt: skip
RECIPIENTS = [
    "Ban Bí thư Trung ương Đảng", "Thủ tướng, các Phó Thủ tướng Chính phủ",
    "Các bộ, cơ quan ngang bộ, cơ quan thuộc Chính phủ", "VPCP: BTCN, các PCN, các Vụ, Cục",
]  # fmt: skip


def submission() -> bytes:
    """Tờ trình of the Ministry of Information and Communications; the same bytes each time."""
    parts = (("I. SỰ CẦN THIẾT", NEED), ("II. NỘI DUNG CHÍNH", CONTENT), ("III. TÁC ĐỘNG VÀ NGUỒN LỰC", IMPACT))
    return build(
        [
            Head(MINISTRY.upper(), f"Hà Nội, {dates.long_date(SUBMITTED)}", number=f"Số: {SYMBOL}"),
            Title("TỜ TRÌNH", f"Về việc {MATTER}"),
            *blocks.addressees(["Chính phủ"]),
            *(part for heading, words in parts for part in (blocks.heading(heading), *map(blocks.paragraph, words))),
            blocks.paragraph(f"{MINISTRY} kính trình Chính phủ xem xét, biểu quyết thông qua{blocks.END}"),
            blocks.closing(("Như trên", "Văn phòng Chính phủ", "Lưu: VT"), [(("BỘ TRƯỞNG",), "")]),
        ],
        title=f"Tờ trình về việc {MATTER}", issuer=MINISTRY, made_at=_morning(), demo=True,
    )  # fmt: skip


def draft_text() -> dict[str, Any]:
    """Dự thảo Nghị quyết as structured text: what the Government votes on."""
    return resolution_text(
        subject=f"Về việc {MATTER}", bases=BASES, formula=formula("Chính phủ"),
        articles=[
            {"heading": heading, "intro": "", "clauses": [{"text": words, "points": []} for words in clauses]}
            for heading, clauses in ARTICLES
        ],
        annexes=[], recipients=RECIPIENTS, archive="VT, KGVX (2)",
    )  # fmt: skip


def _morning() -> dt.datetime:
    return dt.datetime.combine(SUBMITTED, dt.time(8), dates.HANOI)
