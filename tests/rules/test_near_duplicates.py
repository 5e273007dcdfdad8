"""What is proposed to be joined, against a plain comparison of every pair (rule:R65)."""

from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules import near_duplicates as module
from app.workflows.rules.near_duplicates import ALIKE, near_duplicates

TEXTS = [
    "Đề nghị bổ sung quy định về trách nhiệm của Ủy ban nhân dân cấp tỉnh tại Điều 5.",
    "Nhất trí, không có ý kiến khác.",
    "đề nghị bổ sung quy định về trách nhiệm của Uỷ ban nhân dân cấp tỉnh (tại điều 5)",
    "Đề nghị bỏ Điều 9.",
    "Nhất trí; không có ý kiến khác",
    "",
]


def test_what_says_nearly_the_same_is_proposed_and_nothing_else():
    assert near_duplicates(TEXTS) == [[0, 2], [1, 4]]
    assert near_duplicates([]) == near_duplicates(["…", "–"]) == []
    assert near_duplicates(["Đồng ý", "đồng ý.", "dong y"]) == [[0, 1, 2]]


def test_one_changed_word_in_a_short_text_is_enough_to_leave_it_alone():
    assert near_duplicates(["Đồng ý với Điều 3", "Đồng ý với Điều 4, bỏ Điều 5"]) == []


words = st.lists(st.sampled_from(["một", "hai", "ba", "bốn", "năm", "sáu", "bảy"]), max_size=9).map(" ".join)


@given(st.lists(words, max_size=12), st.sampled_from([0.3, 0.5, ALIKE, 0.8, 1.0]))
def test_looking_up_rare_pieces_finds_what_comparing_every_pair_finds(texts, alike):
    cut = [module._pieces(text) for text in texts]
    groups: list[list[int]] = []
    for place, pieces in enumerate(cut):
        like = (group for group in groups if pieces and cut[group[0]] and module._share(cut[group[0]], pieces) >= alike)
        if (group := next(like, None)) is None:
            groups.append([place])
        else:
            group.append(place)
    assert near_duplicates(texts, alike) == [group for group in groups if len(group) > 1]
