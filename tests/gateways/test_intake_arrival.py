"""An upload is private while it is looked at, gone afterwards, and offered under a harmless name."""

import unicodedata
from io import BytesIO

import pytest

from app.gateways.intake import Limits, UploadRefused, receive, safe_filename, wipe
from app.gateways.intake.refusals import SENTENCES


def test_a_received_file_is_private_and_gone_at_the_end(tmp_path):
    with receive(BytesIO(b"Noi dung"), Limits(), tmp_path) as path:
        assert path.read_bytes() == b"Noi dung"
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_received_file_is_gone_when_its_inspection_fails(tmp_path):
    with pytest.raises(UploadRefused), receive(BytesIO(b"x"), Limits(), tmp_path):
        raise UploadRefused("corrupt")
    assert list(tmp_path.iterdir()) == []


def test_a_stream_over_the_limit_is_cut_off_and_wiped(tmp_path):
    source = BytesIO(b"x" * (4 << 20))
    with pytest.raises(UploadRefused) as refused, receive(source, Limits(size=1 << 20), tmp_path):
        pytest.fail("the file was handed out")
    assert refused.value.code == "too_large"
    assert source.tell() < 4 << 20
    assert list(tmp_path.iterdir()) == []


def test_wiping_overwrites_the_bytes_before_the_name_goes(tmp_path):
    path, second = tmp_path / "secret", tmp_path / "second-name"
    path.write_bytes(b"secret" * 1000)
    second.hardlink_to(path)
    wipe(path)
    assert not path.exists()
    assert second.read_bytes() == bytes(6000)


def test_wiping_what_is_gone_is_no_fault(tmp_path):
    wipe(tmp_path / "gone")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Tờ trình số 05.pdf", "Tờ trình số 05.pdf"),
        (unicodedata.normalize("NFD", "Nghị quyết.pdf"), "Nghị quyết.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\vanthu\\Đề án.PDF", "Đề án.pdf"),
        ("to-trinh\u202efdp.exe", "to-trinhfdp.exe.pdf"),
        ("a\u200bb\u2066c\x00\x1f.pdf", "abc.pdf"),
        ('a"b\r\nSet-Cookie: x=1.pdf', "a b Set-Cookie x=1.pdf"),
        ("bao-cao.pdf.exe", "bao-cao.pdf.exe.pdf"),
        ("....pdf", "tai-lieu.pdf"),
        (".pdf", "tai-lieu.pdf"),
        ("", "tai-lieu.pdf"),
        ("   ", "tai-lieu.pdf"),
        ("..", "tai-lieu.pdf"),
        ("đ" * 500 + ".pdf", "đ" * 116 + ".pdf"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_tricks(name, safe):
    assert safe_filename(name) == safe


def test_every_refusal_has_a_sentence_with_its_figures():
    details = {"megabytes": 50, "pages": 2000, "level": "MẬT"}
    for code in SENTENCES:
        assert "%" not in str(UploadRefused(code, **details))
