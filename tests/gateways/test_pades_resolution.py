"""A Resolution as it leaves the house: number, date, signature and seal stand where Decree 30/2020 wants them."""

import subprocess

import pytest
from PIL import Image, ImageChops

from app.gateways import paper
from app.gateways.pades import complete, reserve, seal_picture, signature_picture
from tests.gateways.pades_cases import NUMBERED, SEALED_AT, SIGNED_AT, cabinet, key, statuses

DPI = 150
TEXT = {
    "v": 1, "ctx": "vn.ecabinet.resolution_text.v1", "kind": "resolution",
    "subject": "Về một số giải pháp thúc đẩy giải ngân vốn đầu tư công năm 2026",
    "bases": ["Căn cứ Luật Tổ chức Chính phủ"],
    "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ",
    "articles": [{"heading": "", "intro": "Nghị quyết này có hiệu lực kể từ ngày ký ban hành.", "clauses": []}],
    "annexes": [], "recipients": ["Các bộ, cơ quan ngang bộ"], "archive": "VT, KTTH (2)",
}  # fmt: skip
SIGNER = "Phạm Minh Khôi"


@pytest.fixture(scope="module")
def ours():
    return cabinet(key("p256"), key("p256"))


@pytest.fixture(scope="module")
def issued(ours):
    """(as printed, signed, sealed)."""
    printed = paper.resolution(TEXT, paper.ResolutionSheet(made_at=SIGNED_AT, signer_name=SIGNER, demo=True))
    waiting = reserve(printed, paper.SIGNATURE, name=SIGNER, at=SIGNED_AT, picture=signature_picture(SIGNER))
    signed = complete(waiting, ours.cms(ours.signer, waiting))
    fill = {**NUMBERED, "number": "115"}
    picture = seal_picture("Chính phủ")
    waiting = reserve(signed, paper.SEAL, name="Chính phủ", at=SEALED_AT, picture=picture, fill=fill)
    return printed, signed, complete(waiting, ours.cms(ours.keeper, waiting))


def colours(pdf, folder):
    """(red, blue) → (left, top, right, bottom) in millimetres of what is clearly of that colour."""
    (folder / "seen.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(DPI), "-png", "-singlefile", "seen.pdf", "seen"], cwd=folder, check=True)
    red, _green, blue = Image.open(folder / "seen.png").convert("RGB").split()
    boxes = []
    for more, less in ((red, blue), (blue, red)):
        box = ImageChops.subtract(more, less).point(lambda difference: 255 * (difference > 70)).getbbox()
        boxes.append([edge / DPI * 25.4 for edge in box] if box else None)
    return boxes


def test_both_signatures_of_a_real_resolution_are_valid(ours, issued):
    assert [status.bottom_line for status in statuses(issued[2], ours.trust())] == [True, True]


def test_number_and_date_join_the_printed_words(issued, tmp_path):
    (tmp_path / "read.pdf").write_bytes(issued[2])
    said = subprocess.run(["pdftotext", "read.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = said.stdout.splitlines()
    assert "Số: 115/NQ-CP" in lines
    assert "Hà Nội, ngày 21 tháng 11 năm 2026" in lines


def test_the_seal_is_of_real_size_and_covers_a_third_of_the_signature_at_its_left(issued, tmp_path):
    printed, signed, sealed = issued
    assert colours(printed, tmp_path) == [None, None]
    red, blue = colours(signed, tmp_path)
    assert red is None
    seal, _ = colours(sealed, tmp_path)
    assert 35 <= seal[2] - seal[0] <= 42
    assert seal[2] - seal[0] == pytest.approx(seal[3] - seal[1], abs=0.5)
    covered = (seal[2] - blue[0]) / (blue[2] - blue[0])
    assert 0.22 <= covered <= 0.42
    assert seal[0] < blue[0]
    assert seal[1] < (blue[1] + blue[3]) / 2 < seal[3]
