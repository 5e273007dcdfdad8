"""The tally record says what the signed data say: it is read back from the PDF and compared figure by figure."""

import re
import subprocess
import unicodedata
from pathlib import Path

import pytest

from app.gateways.paper import Contradiction, tally_record
from app.workflows.rules.result import public_view, result_of
from tests.gateways.paper_data import case
from tests.rules.poll_case import CLOSED_AT, PollCase

ANSWERS = {
    "Tán thành": "agree",
    "Không tán thành": "disagree",
    "Ý kiến khác (phiếu trắng)": "other",
    "Không bỏ phiếu": None,
}
PLACES = {"Phòng họp": "in_room", "Từ xa": "remote", None: None}
ROW = re.compile(
    r"(?P<index>\d+) (?P<who>.+?) (?P<answer>Tán thành|Không tán thành|Ý kiến khác \(phiếu trắng\)|Không bỏ phiếu)"
    r"(?: (?P<place>Phòng họp|Từ xa))?(?P<kept> Có)?(?: (?P<leaf>[0-9a-f]{12}))?(?= \d+ [^\W\d]|$)"
)


def words_of(pdf: bytes, tmp_path: Path) -> str:
    """The text in the order of the content, on one line; page numbers, repeated heads and the demo mark taken out."""
    (tmp_path / "record.pdf").write_bytes(pdf)
    pages = subprocess.run(
        ["pdftotext", "-raw", tmp_path / "record.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout.split("\f")
    kept = []
    for page in pages:
        lines = [line for line in page.splitlines() if "VĂN BẢN DEMO" not in line]
        kept += lines[1:] if lines and lines[0].strip().isdigit() else lines
    return re.sub(r"\s+", " ", " ".join(kept))


def reread(pdf: bytes, tmp_path: Path) -> dict:
    text = words_of(pdf, tmp_path)
    body, _, annex = text.partition("PHỤ LỤC Danh sách")
    counts = re.findall(r"(\d+)/(\d+) ([\d,]+)%", body.partition("4. Kết quả")[2])[:4]
    present = re.search(
        r"Tổng số thành viên .+?: (\d+)\. Có mặt: (\d+), .+?: (\d+), trực tuyến: (\d+)\..+?: (\d+)\.", body
    )
    annex = annex.replace(" TT Họ và tên Chức vụ Ý kiến Nơi biểu quyết Bảo lưu Mã nhật ký", "")
    return {
        "text": text,
        "counts": counts,
        "attendance": tuple(int(figure) for figure in present.groups()),
        "needed": re.search(r"tối thiểu để thông qua: (\d+)/(\d+)", body).groups(),
        "hashes": re.findall(r"\b[0-9a-f]{64}\b", body),
        "log_size": int(re.search(r"có (\d+) mục", body)[1]),
        "rows": [found.groupdict() for found in ROW.finditer(annex.partition(")")[2].strip())],
    }


def recorded(definition: dict, result: dict, tmp_path: Path) -> dict:
    return reread(tally_record(definition, result, result["log"], demo=True), tmp_path)


def answers(result: dict, **choices: str) -> None:
    """Set the choices of members and count again, as the rules would."""
    for vote in result["votes"]:
        vote["choice"] = choices.get(vote["member"], vote["choice"])
    for choice in ("agree", "disagree", "other"):
        result[choice] = sum(vote["choice"] == choice for vote in result["votes"])
    result["percent_of_all"] = f"{result['agree'] / result['members'] * 100:.1f}"


def test_every_figure_is_read_back_as_it_was_given(tmp_path):
    definition, result = case()
    read = recorded(definition, result, tmp_path)
    assert read["counts"] == [("25", "27", "92,6"), ("0", "27", "0,0"), ("0", "27", "0,0"), ("2", "27", "7,4")]
    assert read["attendance"] == (27, 25, 21, 4, 18)
    assert read["needed"] == ("14", "27")
    expected = [definition["document"]["sha256"], result["poll_hash"].removeprefix("sha256:"), result["log"]["root"]]
    assert (read["hashes"], read["log_size"]) == (expected, 27)


def test_every_member_is_read_back_with_answer_place_and_leaf(tmp_path):
    definition, result = case()
    answers(result, M02="disagree", M03="other", M12="disagree")
    votes = {vote["member"]: vote for vote in result["votes"]}
    rows = recorded(definition, result, tmp_path)["rows"]
    assert [int(row["index"]) for row in rows] == list(range(1, 28))
    for entry, row in zip(definition["roll"], rows, strict=True):
        vote = votes.get(entry["member"], {"choice": None, "place": None, "reservation": False, "leaf_hash": None})
        assert row["who"] == f"{entry['name']} {entry['post']}"
        assert ANSWERS[row["answer"]] == vote["choice"]
        assert PLACES[row["place"]] == vote["place"]
        assert bool(row["kept"]) == vote["reservation"]
        assert row["leaf"] == (vote["leaf_hash"] and vote["leaf_hash"][:12])


def test_the_sentences_that_decide_are_in_the_text(tmp_path):
    definition, result = case()
    text = recorded(definition, result, tmp_path)["text"]
    for told in (
        "BIÊN BẢN KIỂM PHIẾU",
        definition["question"],
        definition["rule_set"]["legal_source"],
        f"Kết luận: THÔNG QUA. {result['sentence']}",
        "08 giờ 09 phút 58 giây, ngày 24/06/2019",
        "08 giờ 11 phút 03 giây, ngày 24/06/2019",
        "(bảo lưu ý kiến): Đề nghị làm rõ lộ trình",
        "THƯ KÝ PHIÊN HỌP",
        "CHỦ TỌA PHIÊN HỌP",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("not_adopted", "Kết luận: KHÔNG THÔNG QUA."),
        ("tie_confirm", "Kết luận: SỐ PHIẾU NGANG NHAU – CHỜ XÁC NHẬN."),
        ("undecided", "Kết luận: CHƯA QUYẾT ĐỊNH."),
    ],
)
def test_each_outcome_has_its_own_words(tmp_path, outcome, words):
    definition, result = case()
    result["outcome"] = outcome
    assert words in recorded(definition, result, tmp_path)["text"]


def test_answers_that_are_not_displayed_are_not_on_paper(tmp_path):
    definition, result = case(visibility="named_not_displayed")
    answers(result, M02="disagree")
    text = words_of(tally_record(definition, result, result["log"], demo=False), tmp_path)
    annex = text.partition("PHỤ LỤC")[2]
    assert "không phải là bỏ phiếu kín" in text
    assert annex.count("Đã bỏ phiếu") == 25
    assert annex.count("Không bỏ phiếu") == 2
    assert not any(answer in annex for answer in ("Tán thành", "Không tán thành", "Ý kiến khác"))
    assert "làm rõ lộ trình" not in text


def test_the_same_data_give_the_same_bytes_and_other_data_others():
    definition, result = case()
    first = tally_record(definition, result, result["log"], demo=True)
    assert tally_record(definition, result, result["log"], demo=True) == first
    result["closed_at"] = "2019-06-24T01:11:04Z"
    assert tally_record(definition, result, result["log"], demo=True) != first


def test_only_a_demo_says_that_it_is_one(tmp_path):
    definition, result = case()
    for demo in (True, False):
        pdf = tmp_path / "record.pdf"
        pdf.write_bytes(tally_record(definition, result, result["log"], demo=demo))
        text = subprocess.run(["pdftotext", pdf, "-"], check=True, capture_output=True, text=True).stdout
        assert ("KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in text) is demo


def test_text_from_outside_is_neither_markup_nor_a_control_sign(tmp_path):
    definition, result = case()
    decomposed = unicodedata.normalize("NFD", "ế")
    result["votes"][3]["remark"] = f"<b>a</b> & \u202e<img src='file:///etc/passwd'/>{decomposed}"
    assert "<b>a</b> & <img src='file:///etc/passwd'/>ế" in recorded(definition, result, tmp_path)["text"]


def test_a_letter_the_font_lacks_is_shown_as_missing(tmp_path):
    definition, result = case()
    result["votes"][3]["remark"] = "Đồng ý \N{THUMBS UP SIGN} hết"
    assert "Đồng ý □ hết" in recorded(definition, result, tmp_path)["text"]


def test_a_confirmed_tie_names_who_confirmed_and_when(tmp_path):
    definition, result = case()
    result["confirmation"] = {
        "person": "Trần Giả Bình",
        "post": "Thủ tướng Chính phủ",
        "choice": "agree",
        "server_time": "2019-06-24T01:12:30Z",
        "statement_sha256": "0" * 64,
    }
    told = "Trần Giả Bình, Thủ tướng Chính phủ, đã ký xác nhận kết quả lúc 08 giờ 12 phút 30 giây, ngày 24/06/2019"
    assert told in recorded(definition, result, tmp_path)["text"]


@pytest.mark.parametrize("visibility", ["named", "named_not_displayed"])
def test_the_record_takes_what_the_rules_count(tmp_path, visibility):
    poll = PollCase(visibility=visibility).votes(13, 13, 0).vote(2, "disagree").vote(2, "agree").close()
    result = public_view(result_of(poll.definition, poll.log, poll.ballots, CLOSED_AT))
    text = words_of(tally_record(poll.definition, result, result["log"], demo=False), tmp_path)
    assert " ".join(result["sentence"].split()) in text
    assert "30 mục: mở biểu quyết, 28 lượt bỏ phiếu (trong đó 2 lượt được thay" in text
    assert text.count("Ý kiến khác (phiếu trắng)") == 1


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("agree", 24, "votes"),
        ("not_voting", 3, "not_voting"),
        ("members", 26, "members"),
        ("poll_id", "another", "poll_id"),
        ("not_voted", [{"member": "M09"}, {"member": "M24"}], "roll"),
        ("in_room", 22, "places"),
    ],
)
def test_data_that_contradict_each_other_make_no_record(field, value, named):
    definition, result = case()
    result[field] = value
    with pytest.raises(Contradiction, match=named):
        tally_record(definition, result, result["log"], demo=True)


def test_a_choice_that_was_counted_elsewhere_makes_no_record():
    definition, result = case()
    result["votes"][0]["choice"] = "disagree"
    with pytest.raises(Contradiction, match="choices"):
        tally_record(definition, result, result["log"], demo=True)


def test_a_log_with_another_root_makes_no_record():
    definition, result = case()
    with pytest.raises(Contradiction, match="log"):
        tally_record(definition, result, {"size": 27, "root": "0" * 64}, demo=True)


def test_a_moment_without_a_time_zone_is_refused():
    definition, result = case()
    result["closed_at"] = "2019-06-24T01:11:03"
    with pytest.raises(ValueError, match="no time zone"):
        tally_record(definition, result, result["log"], demo=True)
