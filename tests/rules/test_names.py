"""Vietnamese names are found without diacritics and ordered by given name, letters before tones."""

import unicodedata

import pytest

from app.workflows.rules.names import fold, vietnamese_sort_key


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đỗ Thị Ánh", "do thi anh"),
        ("  Nguyễn   Văn\tƯởng ", "nguyen van uong"),
        ("Bộ Khoa học và Công nghệ – BKHCN 2019", "bo khoa hoc va cong nghe – bkhcn 2019"),
        ("đĐ", "dd"),
        ("", ""),
    ],
)
def test_search_text_has_no_diacritics_and_no_capitals(text, folded):
    assert fold(text) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded


def ordered(*names):
    """Whether the names stand in strict order: no two share a key."""
    keys = [vietnamese_sort_key(name) for name in names]
    return keys == sorted(set(keys))


def test_names_follow_the_given_name_then_the_family_name_then_the_middle_names():
    assert ordered("Vũ Văn An", "Bùi Thị Bình", "Trần Văn Bình", "Trần Xuân Bình", "Lê Văn Cường")


def test_letters_follow_the_vietnamese_alphabet():
    assert ordered(*"aăâbcdđeêghiklmnoôơpqrstuưvxy")
    assert ordered("Dũng", "Dương", "Đạt", "Đông", "Em")


def test_tones_follow_the_order_of_dictionaries():
    assert ordered("ma", "mà", "mả", "mã", "má", "mạ")


def test_letters_weigh_more_than_tones_and_a_shorter_word_comes_first():
    assert ordered("Trần An", "Trần Án", "Trần Anh", "Trần Ánh", "Trần Ân", "Trần Bá")
    assert ordered("Mạ", "Mai")


def test_case_and_unicode_form_do_not_change_the_order():
    assert vietnamese_sort_key("ĐỖ THỊ ÁNH") == vietnamese_sort_key(unicodedata.normalize("NFD", "đỗ thị ánh"))
    assert vietnamese_sort_key("Hoà") != vietnamese_sort_key("Hoa")


def test_the_key_holds_only_digits_and_plain_letters_so_that_every_collation_agrees():
    key = vietnamese_sort_key("Nguyễn Thị Ưởng-Đạt (3)")
    assert key.isascii()
    assert key.isalnum()
    assert key == key.lower()


def test_the_key_of_a_name_begins_with_the_given_name_and_takes_every_word_once():
    an, le, van = "a1n1" + "1", "l1e3" + "1", "v1a2n1" + "1"
    assert vietnamese_sort_key("Lê Văn An") == an + le + van
    assert vietnamese_sort_key("An") == an


def test_numbers_in_a_name_are_kept_and_come_before_letters():
    assert ordered("Tổ 1", "Tổ 2", "Tổ A")


def test_an_empty_name_has_an_empty_key():
    assert vietnamese_sort_key("  ") == ""
