"""A secrecy stamp is recognised by place and shape; the same words in running text are not a stamp."""

import pytest
from reportlab.lib.pagesizes import A4

from app.gateways.intake import UploadRefused, inspect
from app.gateways.intake.reader.stamp import Sign, level_on
from tests.gateways import upload_corpus as corpus

RUNNING = (
    "Dự thảo quy định việc bảo vệ bí mật nhà nước; tài liệu độ TỐI MẬT và TUYỆT MẬT phát bản giấy. MẬT",
    "MẬT",
)


def held(tmp_path, data):
    path = tmp_path / "paper.pdf"
    path.write_bytes(data)
    return inspect(path)


@pytest.mark.parametrize("level", ["MẬT", "TỐI MẬT", "TUYỆT MẬT"])
@pytest.mark.parametrize("shape", ["{}", "Độ mật: {}", "{}."])
def test_a_stamp_under_the_number_is_refused_with_its_level(tmp_path, level, shape):
    mark = shape.format(level).replace("Độ mật", "ĐỘ MẬT")
    with pytest.raises(UploadRefused) as refused:
        held(tmp_path, corpus.paper("Nội dung.", mark=mark))
    assert refused.value.code == "secrecy_stamp"
    assert level in str(refused.value)
    assert "Nội dung" not in str(refused.value.details)


def test_a_stamp_on_a_turned_page_is_seen_as_a_reader_sees_it(tmp_path):
    with pytest.raises(UploadRefused, match="MẬT"):
        held(tmp_path, corpus.rotated(corpus.paper("Nội dung.", mark="MẬT")))


def test_a_paper_about_secrecy_is_not_secret(tmp_path):
    title = "Quy định chi tiết một số điều của Luật Bảo vệ bí mật nhà nước"
    assert held(tmp_path, corpus.paper(*RUNNING, summary=title)).pages == 1


@pytest.mark.parametrize("mark", ["DỰ THẢO", "KHẨN", "MẬT VỤ", "BẢO MẬT", "LƯU HÀNH NỘI BỘ", "Mật"])
def test_another_stamp_in_its_place_is_no_secrecy_stamp(tmp_path, mark):
    assert held(tmp_path, corpus.paper("Nội dung.", mark=mark)).pages == 1


def line(words, left, base, size=0.016, step=0.018):
    ratio = A4[1] / A4[0]
    return [
        Sign(letter, left + at * step, left + (at + 0.9) * step, base, size, ratio)
        for at, letter in enumerate(words)
        if letter != " "
    ]


def test_letters_spaced_out_on_a_rubber_stamp_are_a_stamp():
    assert level_on(line("T Ố I M Ậ T", 0.2, 0.2)) == "TỐI MẬT"


def test_a_decomposed_stamp_is_a_stamp():
    signs = line("MA", 0.2, 0.2) + line("\u0323\u0302", 0.227, 0.2, step=0.001) + line("T", 0.24, 0.2)
    assert level_on(signs) == "MẬT"


def test_a_stamp_level_with_the_date_at_the_right_is_a_stamp():
    assert level_on(line("MẬT", 0.2, 0.2) + line("Hà Nội, ngày 05", 0.6, 0.2)) == "MẬT"


@pytest.mark.parametrize(("left", "base"), [(0.2, 0.6), (0.47, 0.2), (0.8, 0.2)], ids=["low", "centred", "right"])
def test_the_words_in_another_place_are_no_stamp(left, base):
    assert level_on(line("MẬT", left, base)) is None


def test_the_words_below_the_beginning_of_the_body_are_no_stamp():
    assert level_on(line("Căn cứ Luật Bảo vệ bí mật nhà nước, Chính phủ", 0.15, 0.2) + line("MẬT", 0.2, 0.25)) is None


def test_the_words_at_the_end_of_a_line_are_no_stamp():
    assert level_on(line("bí MẬT", 0.2, 0.2)) is None
