"""The report on a slip on paper: what its result says, who objected, how far the explanations are, three ways on."""

import dataclasses

import pytest

from app.gateways.paper import DraftFile, Objection, SlipSheet, page_count, page_texts, slip_report
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.slip_result import slip_result
from tests.rules.poll_case import fake_sha256
from tests.rules.slip_case import AGREES, SlipCase

LONG = "Đề nghị cơ quan chủ trì rà soát nguồn vốn và trách nhiệm phối hợp của các bộ, ngành. " * 110


def counted(parameters=AGREES, agree=12, disagree=8, other=3, **changes):
    """Definition and result of a slip that 27 members were asked on."""
    case = SlipCase(parameters=parameters, **changes).all_say(agree, disagree, other).close()
    return case.definition, slip_result(case.definition, case.log, case.answers)


SHEET = SlipSheet(
    objections=(
        Objection("Phạm Văn Ba", "Bộ trưởng Bộ Xây dựng", "disagree", True,
                  ("Câu 1: Chưa rõ nguồn vốn tại <Điều 2> & phụ lục",), ("y-kien.pdf",)),
        Objection("Đỗ Thị Bốn", "Bộ trưởng Bộ Y tế", "other", False, ("Điều 3: Ghi rõ thời hạn báo cáo",)),
        Objection("Lê Thị Hai", "Phó Thủ tướng Chính phủ", None, False, ("Câu 1: Thống nhất, lưu ý tiến độ",)),
    ),
    rows=3, explained_at="2026-08-06T02:00:00Z",
    draft=DraftFile("Dự thảo Nghị định về định danh điện tử", 3, 14, fake_sha256("mended")),
)  # fmt: skip


def printed(sheet=SHEET, **changes):
    return slip_report(*counted(**changes), sheet)


def words(pdf):
    """Without the numbers of the pages."""
    first, *others = page_texts(pdf)
    return " ".join(" ".join([first, *(text.split("\n", 1)[-1] for text in others)]).split())


def test_cast_deemed_and_missing_stand_apart_and_the_sentence_is_that_of_the_result():
    definition, result = counted()
    said = words(slip_report(definition, result, SHEET))
    for told in ("Đồng ý 12/27", "Không đồng ý 8/27", "Ý kiến khác 3/27", "Mặc nhiên đồng ý 4/27", "Chưa trả lời 0/27",
                 "16/27 = 59,3%", "ĐẠT QUÁ BÁN", result["sentence"], "Điều 7, Điều 17"):  # fmt: skip
        assert told in said


def test_where_silence_counts_for_nothing_there_is_no_majority_and_the_three_ways_stay():
    said = words(printed(parameters=SlipParameters()))
    for told in ("KHÔNG ĐẠT QUÁ BÁN", "12/27 = 44,4%", "Mặc nhiên đồng ý 0/27", "Chưa trả lời 4/27", "a) Ký ban hành",
                 "b) Đưa ra thảo luận", "c) Trả lại cơ quan chủ trì"):  # fmt: skip
        assert told in said
    assert "d) " not in said


def test_who_objected_is_named_with_the_words_and_what_is_reserved():
    said = words(printed())
    for told in ("Phạm Văn Ba, Bộ trưởng Bộ Xây dựng (Không đồng ý, bảo lưu ý kiến).", "tại <Điều 2> & phụ lục",
                 "Tài liệu kèm theo: y-kien.pdf.", "Lê Thị Hai, Phó Thủ tướng Chính phủ."):  # fmt: skip
        assert told in said
    assert "Không có." in words(printed(SlipSheet()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "Bảng tiếp thu, giải trình 3 nhóm ý kiến đã gửi lúc 09 giờ 00 phút 00 giây, ngày 06/08/2026."),
        ({"explained_at": None, "draft": None}, "bảng tiếp thu, giải trình chưa hoàn thành nên chưa trình ký."),
        ({"rows": 0}, "Không có ý kiến bằng lời phải tiếp thu, giải trình."),
    ],
)
def test_it_says_how_far_the_explanations_are(change, told):
    assert told in words(printed(dataclasses.replace(SHEET, **change)))


def test_both_drafts_are_named_by_their_hash():
    said = words(printed()).replace(" ", "")
    assert fake_sha256("mended") in said
    assert fake_sha256("pdf") in said


@pytest.mark.parametrize(("urgency", "told"), [("normal", False), ("express", True)])
def test_what_is_urgent_is_reported_to_the_next_session(urgency, told):
    assert ("báo cáo Chính phủ tại phiên họp gần nhất" in words(printed(urgency=urgency))) is told


def test_long_opinions_go_on_over_pages_and_the_bytes_are_the_same_each_time():
    sheet = dataclasses.replace(SHEET, objections=[dataclasses.replace(SHEET.objections[0], said=(LONG,))] * 3)
    pdf = printed(sheet)
    assert page_count(pdf) > 5
    assert pdf == printed(sheet)


def test_the_office_reports_with_its_own_name_above_and_the_post_of_its_head_below():
    office = {"office": "Văn phòng Chính phủ", "signer_post": ("BỘ TRƯỞNG, CHỦ NHIỆM",)}
    said = words(printed(dataclasses.replace(SHEET, **office)))
    assert "VĂN PHÒNG CHÍNH PHỦ Hà Nội" in said
    for told in ("Nơi nhận: - Như trên; - Lưu: VT.", "BỘ TRƯỞNG, CHỦ NHIỆM"):
        assert told in said
    below = words(printed(dataclasses.replace(SHEET, **office, superior="Ủy ban nhân dân tỉnh")))
    assert "ỦY BAN NHÂN DÂN TỈNH VĂN PHÒNG CHÍNH PHỦ" in below
    assert "Hạnh phúc CHÍNH PHỦ Hà Nội" in words(printed())


def test_a_result_of_another_slip_is_refused():
    definition, result = counted()
    with pytest.raises(ValueError, match="not of one slip"):
        slip_report(definition, {**result, "slip_id": 6}, SHEET)
