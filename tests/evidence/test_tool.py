"""The tool on a machine that never saw this project: one file, Python as Debian has it, and openssl."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evidence import bundles
from tests.evidence.bundles import TOOL, honest

PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def case():
    return honest(3, members=4, rich=True)


@pytest.fixture
def folder(case, tmp_path):
    """An empty folder with the tool and a bundle, and nothing else."""
    shutil.copy(TOOL, tmp_path / "verify_evidence.py")
    (tmp_path / "evidence.zip").write_bytes(case.zip())
    return tmp_path


def run(folder, *arguments, env=None, python=PYTHON):
    command = [python, "-I", "verify_evidence.py", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **(env or {})}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


def test_it_runs_without_our_packages_and_tells_a_numbered_account(folder):
    done = run(folder, "evidence.zip")
    said = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert said.splitlines()[0] == " 1. [OK] Tệp nén: tên, kích thước, không có gì thừa"
    assert [line.split(".")[0].strip() for line in said.splitlines() if line[2:4] == ". "] == [
        str(n) for n in range(1, 16)
    ]
    assert said.splitlines()[-1] == "KẾT LUẬN: ĐÚNG. Mọi phép kiểm đều đạt."


def test_it_speaks_english_and_json(folder):
    english = run(folder, "evidence.zip", "--language", "en").stdout.decode()
    assert english.splitlines()[-1] == "VERDICT: VALID. Everything holds."
    told = json.loads(run(folder, "evidence.zip", "--json", "--language", "en").stdout)
    assert (told["state"], told["problems"], len(told["steps"])) == ("valid", [], 15)
    assert all(step["holds"] for step in told["steps"])


@pytest.mark.parametrize(("n", "said"), [(1, "1 thing is wrong."), (2, "2 things are wrong.")])
def test_one_thing_is_wrong_and_two_things_are(n, said):
    tool = bundles.tool
    assert tool.say_in(tool.ENDS[tool.INVALID], 1, problems=n) == f"VERDICT: NOT VALID. {said}"
    assert tool.say_in(tool.ENDS[tool.INVALID], 0, problems=n) == f"KẾT LUẬN: SAI. Có {n} điểm không đúng."


def test_every_number_of_things_has_a_word_for_one():
    tool = bundles.tool
    tables = (tool.NOTES, tool.SAID, tool.ENDS, tool.WHERE, tool.STEPS)
    english = [sentences[1] for table in tables for sentences in table.values()]
    assert [said for said in english if re.search(r"\{\w+\} (?!is\b|was\b|has\b|does\b|holds\b)[a-z]+s\b", said)] == []
    assert tool.say_in(tool.NOTES["files"], 1, files=1, bytes=2) == "1 file, 2 bytes"
    assert tool.say_in(tool.NOTES["files"], 1, files="??", bytes=None) == "?? files, None bytes"


def test_what_is_wrong_is_named_with_ballot_and_member(folder, case):
    data, cms = case.ballots[1]
    forged = case.but(extras={}, ballots=list(case.ballots))
    choice = "other" if json.loads(data)["choice"] != "other" else "agree"
    forged.ballots[1] = (bundles.canonical({**json.loads(data), "choice": choice}), cms)
    (folder / "evidence.zip").write_bytes(forged.zip())
    done = run(folder, "evidence.zip", "--language", "en")
    member = json.loads(data)["member"]
    assert done.returncode == 1
    assert f"✗ ballot 2 ({member}): the signature does not fit the content" in done.stdout.decode()
    told = json.loads(run(folder, "evidence.zip", "--json").stdout)
    assert told["state"] == "invalid"
    assert f"phiếu số 2 ({member}): chữ ký không khớp nội dung" in [each["said"] for each in told["problems"]]


@pytest.mark.parametrize("content", [None, b"", b"hello", b"%PDF-1.7 not a bundle" * 100])
def test_it_does_not_judge_what_is_no_bundle(folder, content):
    if content is None:
        (folder / "evidence.zip").unlink()
    else:
        (folder / "evidence.zip").write_bytes(content)
    done = run(folder, "evidence.zip")
    assert done.returncode == 2
    assert "CHƯA KẾT LUẬN ĐƯỢC" in done.stdout.decode()
    assert json.loads(run(folder, "evidence.zip", "--json").stdout)["state"] == "unknown"


def test_it_does_not_judge_without_openssl(folder):
    done = run(folder, "evidence.zip", "--language", "en", env={"PATH": str(folder)})
    assert (done.returncode, done.stdout.decode().splitlines()[0]) == (2, "This machine has no command openssl")


def test_it_does_not_judge_a_newer_format(folder, case):
    (folder / "evidence.zip").write_bytes(bundles.packed(case.files(), format=2))
    assert run(folder, "evidence.zip").returncode == 2


def test_the_authority_can_be_given_as_pem_or_der(folder):
    issuing, root = bundles.authority(bundles.OURS).chain()
    (folder / "root.der").write_bytes(root)
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem"], cwd=folder, check=True)
    other = bundles.authority("Giả mạo").chain()[1]
    (folder / "other.der").write_bytes(other)
    assert run(folder, "evidence.zip", "--authority", "other.der").returncode == 1
    assert run(folder, "evidence.zip", "--authority", "missing.der").returncode == 2
    assert run(folder, "evidence.zip", "--authority", "evidence.zip").returncode == 2
    for name in ("root.der", "root.pem"):
        done = run(folder, "evidence.zip", "--authority", name, "--language", "en")
        assert (done.returncode, done.stdout.decode().count("the authority is the given one")) == (0, 1), (
            done.stdout.decode()
        )
    assert issuing != root


def test_a_known_root_is_compared(folder, case):
    root = bundles.log_of(case.entries())["root"]
    assert run(folder, "evidence.zip", "--root", root).returncode == 0
    assert run(folder, "evidence.zip", "--root", "0" * 64).returncode == 1


def test_a_newer_bundle_extends_an_older_one(folder, case):
    older = case.but(extras={})
    (folder / "old.zip").write_bytes(older.zip())
    done = run(folder, "evidence.zip", "--older", "old.zip", "--language", "en")
    assert (done.returncode, "files are added" in done.stdout.decode()) == (0, True), done.stdout.decode()
    assert run(folder, "old.zip", "--older", "evidence.zip").returncode == 1
    assert run(folder, "evidence.zip", "--older", "missing.zip").returncode == 2


def test_a_newer_bundle_may_tell_of_more_keys_and_of_no_other_place(case):
    keys = json.loads(case.extras["key-places.json"])["keys"]
    older = case.but(extras={**case.extras, "key-places.json": bundles.kept_places(keys)})
    stamper = {"certificate_sha256": bundles.digest(bundles.stamping().certificate), "place": "pkcs11"}
    newer = case.but(extras={**case.extras, "key-places.json": bundles.kept_places([*keys, stamper])})
    account = bundles.tool.examine(newer.zip(), older=older.zip())
    assert account.problems == []
    assert ("places_grown", {"name": "key-places.json"}) in account.steps[-1][1]
    found = bundles.tool.examine(older.zip(), older=newer.zip()).problems
    assert [problem.code for _step, problem in found] == ["older_changed"]


def test_it_is_written_for_python_3_9_and_the_standard_library_alone():
    tree = ast.parse(TOOL.read_text(), feature_version=(3, 9))
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [keyword.arg for call in calls for keyword in call.keywords]
    assert "strict" not in named  # zip(strict=) came with 3.10
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match | ast.TryStar)]


def test_every_code_has_both_sentences_and_is_used():
    text = TOOL.read_text()
    for table in (bundles.tool.SAID, bundles.tool.NOTES, bundles.tool.STEPS, bundles.tool.WHERE):
        assert all(len(pair) == 2 and all(pair) for pair in table.values())
    composed = {"ballot_seen_size", "ballot_seen_root"}
    unused = [code for code in {**bundles.tool.SAID, **bundles.tool.NOTES} if text.count(f'"{code}"') < 2]
    assert sorted(set(unused) - composed) == []


def test_a_file_that_another_run_may_be_reading_is_not_written_again(tmp_path):
    """Two ballots of one member are verified at the same time against one certificate."""
    openssl = bundles.tool.OpenSSL(str(tmp_path))
    path = Path(openssl.path("certificate.pem", b"one"))
    path.write_bytes(b"read by another run")
    assert openssl.path("certificate.pem", b"one") == str(path)
    assert path.read_bytes() == b"read by another run"
    openssl.path("certificate.pem", b"two")
    assert path.read_bytes() == b"two"


def test_nothing_is_left_in_the_temporary_folder(folder):
    (folder / "tmp").mkdir()
    assert run(folder, "evidence.zip", env={"TMPDIR": str(folder / "tmp")}).returncode == 0
    assert list(Path(folder / "tmp").iterdir()) == []
