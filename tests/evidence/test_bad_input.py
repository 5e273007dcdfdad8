"""What strangers may put before the tool and `flask verify`: one clear sentence and an exit status, each time."""

import io
import json
import os
import struct
import subprocess
import sys
import unicodedata
import zipfile
from functools import cache

import pytest

from app.gateways.signing import sign_detached
from app.workflows.rules.canonical import canonical
from tests.evidence import bundles
from tests.evidence.bundles import OPENED, TOOL, honest, packed, person
from tests.evidence.tampering import CLASSES, central_of, patched, rewritten

CASE_SEED = 4
TEN_GB = 10 << 30
KILOBYTES = 150_000  # the most memory in which the tool looks at any of these; Python alone takes about 20 000


@pytest.fixture(scope="module")
def case():
    return honest(CASE_SEED, members=3, rich=True)


def spelt(case, change):
    """The first ballot in another spelling, truly signed by its member."""
    statement, name = case.ballots[0][0], case.name(1)
    odd, by = change(statement), person(json.loads(statement)["roll_index"])
    signed = {f"{name}.json": odd, f"{name}.p7s": sign_detached(by.key, by.certificate, odd, OPENED)}
    return packed({**case.but(extras={}).files(), **signed})


def more(field):
    return lambda data: data[:-1] + b"," + field + b"}"


def of_one(name, content):
    """An archive of a single entry under any name at all."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


@cache
def bomb():
    """Two hundred megabytes of nothing in two hundred kilobytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("poll.json", "w") as inner:
        for _ in range(200):
            inner.write(bytes(1 << 20))
    return target.getvalue()


def many(number):
    """An archive that claims so many entries, and has none."""
    return b"PK\x03\x04" + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, number, number, 0, 4, 0)


def claimed(case, size):
    data = case.zip()
    return patched(data, central_of(data, 3) + 20, struct.pack("<2L", size, size))


SPELLINGS = {
    "a space in it": (lambda data: data.replace(b":", b": ", 1), "json_canonical"),
    "keys in another order": (more(b'"AA":1'), "json_canonical"),
    "an escape": (lambda data: data.replace(b'"ballot"', b'"b\\u0061llot"', 1), "json_canonical"),
    "letters taken apart": (more(b'"zz":"' + unicodedata.normalize("NFD", "ý kiến").encode() + b'"'), "json_nfd"),
    "a huge integer": (more(b'"zz":' + b"9" * 400_000), "json_huge"),
    "a fraction": (more(b'"zz":1e400'), "json_float"),
    "a key twice": (lambda data: b'{"choice":"agree",' + data[1:], "json_duplicate"),
    "a nest without a bottom": (more(b'"zz":' + b"[" * 400_000 + b"]" * 400_000), "json_deep"),
    "a mark that turns the text round": (more('"zz":"a\u202eb"'.encode()), "json_invisible"),
    "no text": (more(b'"zz":"\xff"'), "json_text"),
    "no object": (lambda data: b"[" + data + b"]", "json_canonical"),
}
ARCHIVES = {
    "a bomb": (lambda _case: bomb(), "archive_compressed"),
    "ten gigabytes claimed": (lambda case: claimed(case, 0xFFFFFFFF), "archive_bomb"),
    "entries without number": (lambda _case: many(0xFFFE), "archive_large"),
    "a name twice": (CLASSES["a_name_twice"][0], "archive_duplicate"),
    "an absolute name": (lambda _case: of_one("/etc/cron.d/x", b"x"), "archive_name"),
    "a name that climbs": (lambda _case: of_one("../../x", b"x"), "archive_name"),
    "a name that steers the terminal": (lambda _case: of_one("\x1b[2J\x1b[31mVALID", b"x"), "archive_name"),
    "a link": (CLASSES["a_link"][0], "archive_symlink"),
    "half of it": (lambda case: case.zip()[: len(case.zip()) // 2], "archive_truncated"),
    "an encrypted file": (CLASSES["encrypted"][0], "archive_compressed"),
    "an empty archive": (lambda _case: b"PK\x05\x06" + bytes(18), "manifest_missing"),
}


def made(case, how):
    if how in SPELLINGS:
        return spelt(case, SPELLINGS[how][0])
    build = ARCHIVES[how][0]
    return build(case, 2) if build.__module__ == "tests.evidence.tampering" else build(case)


def told(capsysbinary, path, language="vi"):
    """Exit status and account of the tool."""
    status = bundles.tool.main([str(path), "--json", "--language", language])
    return status, json.loads(capsysbinary.readouterr().out)


@pytest.mark.parametrize("how", [*SPELLINGS, *ARCHIVES])
def test_each_has_its_sentence_in_both_languages_and_an_exit_status(case, tmp_path, capsysbinary, how):
    path = tmp_path / "evidence.zip"
    path.write_bytes(made(case, how))
    code = {**SPELLINGS, **ARCHIVES}[how][1]
    for language in ("vi", "en"):
        status, account = told(capsysbinary, path, language)
        problems = account["problems"]
        assert (status, account["state"], problems[0]["code"]) == (1, "invalid", code)
        assert problems[0]["said"]
        assert all(sign.isprintable() for each in problems for sign in each["said"])
    if how in SPELLINGS:
        assert problems[0]["said"].startswith("ballot 1 (")


def test_the_honest_one_beside_them_holds(case, tmp_path, capsysbinary):
    """What is refused above is refused for its spelling: the same road with the true bytes leads to a good verdict."""
    path = tmp_path / "evidence.zip"
    path.write_bytes(case.but(extras={}).zip())
    assert told(capsysbinary, path)[0] == 0
    assert canonical(json.loads(case.ballots[0][0])) == case.ballots[0][0]
    path.write_bytes(rewritten(case.files(), lambda _entry: None, ""))
    assert told(capsysbinary, path)[0] == 0


def test_a_bundle_writes_no_line_of_its_own_into_the_account(case, tmp_path, capsysbinary):
    other = case.but(extras={})
    other.definition["question"] = "Thông qua?\n\nKẾT LUẬN: ĐÚNG. Mọi phép kiểm đều đạt."
    (path := tmp_path / "evidence.zip").write_bytes(other.zip())
    assert bundles.tool.main([str(path)]) == 1
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[-1].startswith("KẾT LUẬN: SAI")
    assert [line for line in lines if line.startswith("KẾT LUẬN")] == lines[-1:]


MEASURED = """
import re, runpy, sys
tool, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_path(tool, run_name="__main__")
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def limited(path, *arguments):
    """Exit status, output and peak memory (KiB) of the tool in a process of its own."""
    command = [sys.executable, "-I", "-B", "-c", MEASURED, str(TOOL), str(path), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), int(done.stderr.split()[-1])


def test_a_file_of_ten_gigabytes_is_not_read(case, tmp_path):
    path = tmp_path / "evidence.zip"
    path.write_bytes(case.zip())
    os.truncate(path, TEN_GB)  # a hole: it takes no room on the disk
    status, said, memory = limited(path)
    assert (status, "tệp nén quá lớn" in said, memory < KILOBYTES) == (1, True, True), (said, memory)


@pytest.mark.parametrize("how", ["a bomb", "a huge integer", "a nest without a bottom", "ten gigabytes claimed"])
def test_no_bad_input_takes_much_memory(case, tmp_path, how):
    path = tmp_path / "evidence.zip"
    path.write_bytes(made(case, how))
    status, said, memory = limited(path)
    assert (status, memory < KILOBYTES) == (1, True), (said, memory)


def test_a_folder_or_a_device_is_no_bundle(tmp_path):
    for path in (tmp_path, "/dev/null"):
        status, said, _memory = limited(path)
        assert (status, "CHƯA KẾT LUẬN ĐƯỢC" in said) == (2, True)


@pytest.mark.parametrize("how", ["a bomb", "a name twice", "a name that climbs", "a link", "a key twice", "half of it",
                                 "letters taken apart", "an empty archive"])  # fmt: skip
def test_the_command_of_the_application_says_the_same(app, case, tmp_path, how):
    path = tmp_path / "evidence.zip"
    path.write_bytes(made(case, how))
    done = app.test_cli_runner().invoke(args=["verify", str(path), "--json"])
    account = json.loads(done.output)
    assert (done.exit_code, account["state"]) == (1, "invalid")
    if how != "an empty archive":  # which does not begin like one, and is judged as a document
        assert account["problems"][0]["code"] == {**SPELLINGS, **ARCHIVES}[how][1]
