"""The components that a Resolution does not need: summary of a letter, addressees, copies, address, electronic copy."""

import re

import pytest
from pypdf import PdfReader

from app.gateways.paper import blocks
from app.gateways.paper import measures as m
from app.gateways.paper.furniture import Furniture
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import TooHigh, build
from tests.gateways.resolution_case import AT, SENTENCE, BytesIO, letters_of, line, lines, words

NEAR = 0.3  # mm
DATE = "Hà Nội, ngày 05 tháng 01 năm 2026"


def made(*story, furniture=None):
    return build(story, title="Thử", issuer="Văn phòng Chính phủ", made_at=AT, demo=False, furniture=furniture)


def letter_head(**more):
    return Head("VĂN PHÒNG CHÍNH PHỦ", DATE, number="Số: 3722/VPCP-CN", **more)


def test_the_summary_of_a_letter_stands_six_points_under_the_number():
    pdf = made(letter_head(about="V/v mời họp Phiên họp Chính phủ thường kỳ tháng 01 năm 2026 và chuẩn bị tài liệu"))
    face, size = letters_of(pdf, "V/v mời họp")
    assert face == "LiberationSerif"
    assert 12 <= size <= 13
    number, about = line(pdf, "Số:"), line(pdf, "V/v mời họp")
    assert (about.top - number.top) * 72 / 25.4 >= 13 + 6
    assert about.right < 30 + 165 * m.LEFT_HALF


def test_boxed_words_stand_under_each_other():
    pdf = made(letter_head(urgency="KHẨN", mark="XEM XONG TRẢ LẠI"))
    number, urgency, mark = (line(pdf, begins) for begins in ("Số:", "KHẨN", "XEM XONG TRẢ LẠI"))
    assert number.top < urgency.top < mark.top
    assert urgency.right - urgency.left < 20 < mark.right - mark.left


def test_one_addressee_stands_on_the_line_and_several_under_the_colon():
    assert "Kính gửi: Chính phủ." in [found.text for found in lines(made(*blocks.addressees(["Chính phủ"])))]
    pdf = made(*blocks.addressees(["Bộ Tài chính", "Bộ Tư pháp", "Văn phòng Chính phủ"]))
    label = line(pdf, "Kính gửi:")
    rows = [found for found in lines(pdf) if "- " in found.text or found.text.startswith("Kính")]
    assert "- Bộ Tài chính;" in words(pdf)
    assert "- Văn phòng Chính phủ." in words(pdf)
    for begins in ("- Bộ Tư pháp;", "- Văn phòng"):
        assert line(pdf, begins).left == pytest.approx(label.left + m.ADDRESSEE_LABEL * 25.4 / 72, abs=1)
    assert [round(found.top) for found in rows] == sorted(round(found.top) for found in rows)


def test_two_signatures_stand_side_by_side():
    pdf = made(blocks.closing((), [(("THƯ KÝ",), "Lê Giả A"), (("CHỦ TỌA",), "Lê Giả B")]))
    secretary, chair = line(pdf, "THƯ KÝ"), line(pdf, "CHỦ TỌA")
    assert secretary.top == pytest.approx(chair.top, abs=NEAR)
    assert secretary.right < 112 < chair.left
    assert line(pdf, "Lê Giả A").top - secretary.top >= 25


def test_the_number_of_copies_ends_the_list_of_recipients():
    pdf = made(blocks.closing(["Như trên", "Lưu: VT, TH(02)"], [(("BỘ TRƯỞNG",), "Lê Giả")], copies="PL.(300)"))
    assert line(pdf, "PL.(300)").top > line(pdf, "- Lưu: VT").top
    assert letters_of(pdf, "PL.(300)") == ("LiberationSerif", 11)


def test_the_address_stands_at_the_foot_of_the_first_page_under_a_whole_rule():
    told = "Số 1 Hoàng Hoa Thám, Ba Đình, Hà Nội. Điện thoại: 080 00000"
    pdf = made(*[blocks.paragraph(SENTENCE)] * 30, furniture=Furniture(address=told))
    found = line(pdf, "Số 1 Hoàng Hoa Thám")
    assert found.page == 1
    assert 297 - 20 < found.top < 297 - 9
    assert 11 <= letters_of(pdf, "Số 1 Hoàng")[1] <= 12
    content = PdfReader(BytesIO(pdf)).pages[0].get_contents().get_data().decode()
    left, low, right = re.search(r"n ([\d.]+) ([\d.]+) m ([\d.]+) \2 l S", content).groups()
    assert float(left) * 25.4 / 72 == pytest.approx(30, abs=NEAR)
    assert float(right) * 25.4 / 72 == pytest.approx(195, abs=NEAR)
    assert 297 - float(low) * 25.4 / 72 < found.top


def test_an_electronic_copy_says_so_at_the_top_right_of_its_first_page():
    corner = ("SAO Y", "Văn phòng Chính phủ", "2026-01-05T10:30:00+07:00")
    pdf = made(letter_head(), furniture=Furniture(corner=corner))
    rows = [line(pdf, begins) for begins in ("SAO Y", "Văn phòng Chính phủ", "2026-01-05")]
    for found in rows:
        assert found.right == pytest.approx(195, abs=NEAR)
        assert found.top < 22
        assert letters_of(pdf, found.text[:6]) == ("LiberationSerif", 10)
    assert rows[0].top < rows[1].top < rows[2].top < line(pdf, "CỘNG HÒA").top


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("GIẤY MỜI", "Họp Phiên họp Chính phủ thường kỳ tháng 01 năm 2026"),
        ("THÔNG BÁO", "Kết luận của Thủ tướng Chính phủ tại Phiên họp Chính phủ thường kỳ"),
        ("PHIẾU LẤY Ý KIẾN", "Thành viên Chính phủ về dự thảo Nghị định"),
        ("BIÊN BẢN", "Phiên họp Chính phủ thường kỳ tháng 01 năm 2026"),
    ],
)
def test_other_documents_are_made_of_the_same_components(kind, summary):
    pdf = made(
        letter_head(),
        Title(kind, summary),
        *blocks.addressees(["Các Thành viên Chính phủ"]),
        *[blocks.paragraph(SENTENCE)] * 3,
        blocks.table(("TT", "Nội dung"), [("1", "Một")], (1, 5), (0,)),
        blocks.closing(["Như trên", "Lưu: VT"], [(("TL. BỘ TRƯỞNG, CHỦ NHIỆM", "VỤ TRƯỞNG"), "Lê Giả Định")]),
    )
    told = words(pdf)
    for part in (kind, summary, "Kính gửi: Các Thành viên Chính phủ.", "TL. BỘ TRƯỞNG, CHỦ NHIỆM", "- Lưu: VT."):
        assert part in told


def test_what_cannot_be_torn_and_is_higher_than_a_page_is_refused():
    with pytest.raises(TooHigh):
        made(Title("NGHỊ QUYẾT", "Về một số giải pháp " * 300))


def test_letters_of_points_and_roman_numerals_follow_their_orders():
    assert "".join(blocks.letter(place) for place in range(23)) == "abcdđeghiklmnopqrstuvxy"
    assert [blocks.letter(place) for place in (23, 24, 46)] == ["aa", "ab", "ba"]
    assert [blocks.roman(number) for number in (1, 4, 9, 14, 40, 50)] == ["I", "IV", "IX", "XIV", "XL", "L"]
