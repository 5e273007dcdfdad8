"""Hostile bundles before the tool and `flask verify`: one verdict, no traceback, and nothing is written anywhere."""

import io
import json
import os
import struct
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.evidence.bundles import TOOL, honest, manifest_of, packed

FILE, LINK, FOLDER = 0o100644 << 16, 0o120777 << 16, 0o040755 << 16
MOST_ENTRIES, MANY = 20_000, 100_000
UTF8 = 0x800
PATIENCE = 300  # seconds; each of these takes one or two where nothing else runs
Entry = tuple[str | bytes, bytes, int]


@pytest.fixture(scope="module")
def case():
    return honest(11, members=3, rich=True).but(extras={})


def written(entries: Iterable[Entry], flags: int = 0, count: int | None = None) -> bytes:
    """A zip as the bundles are, stored and dated 1980, of whatever names and kinds."""
    local, central, at, number = [], [], 0, 0
    for name, content, kind in entries:
        raw = name if isinstance(name, bytes) else name.encode()
        facts = struct.pack("<4H3L", flags, 0, 0, 0x21, zlib.crc32(content), len(content), len(content))
        local.append(b"PK\x03\x04" + struct.pack("<H", 20) + facts + struct.pack("<2H", len(raw), 0) + raw + content)
        tail = struct.pack("<5H2L", len(raw), 0, 0, 0, 0, kind, at)
        central.append(b"PK\x01\x02" + struct.pack("<2H", 0x0314, 20) + facts + tail + raw)
        at, number = at + len(local[-1]), number + 1
    index = b"".join(central)
    told = number % 65536 if count is None else count
    return b"".join(local) + index + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, told, told, len(index), at, 0)


def beside(case, *more: Entry, flags: int = 0) -> bytes:
    """The honest bundle with more entries, all of them in its manifest and in order."""
    files = case.files() | {name: content for name, content, _kind in more if isinstance(name, str)}
    kinds = {name: kind for name, _content, kind in more}
    files["manifest.json"] = manifest_of({name: data for name, data in files.items() if name != "manifest.json"})
    entries = [(name, files[name], kinds.get(name, FILE)) for name in files]
    entries += [each for each in more if isinstance(each[0], bytes)]
    return written(sorted(entries, key=lambda each: each[0].encode() if isinstance(each[0], str) else each[0]), flags)


def instead(case, name: str, kind: int, content: bytes) -> bytes:
    """One file of the honest bundle is a link, or something else that is no file."""
    files = case.files() | {name: content}
    if name != "manifest.json":
        files["manifest.json"] = manifest_of({each: data for each, data in files.items() if each != "manifest.json"})
    return written([(each, files[each], kind if each == name else FILE) for each in sorted(files)])


NAMES = {
    "absolute": "/etc/cron.d/evidence", "of the root": "/", "absolute twice": "//etc/passwd",
    "a drive": "C:/windows/x", "a drive of the other kind": "C:\\windows\\x", "a share": "\\\\host\\share\\x",
    "climbing": "../../../../tmp/evidence-was-here", "climbing inside": "ballots/../../x", "one step up": "..",
    "where it is": ".", "where it is inside": "ballots/./x", "empty in between": "ballots//x", "a folder": "ballots/",
    "hidden": ".bashrc", "hidden inside": "ballots/.x", "a zero": "poll.json\0.txt", "a line end": "poll\n.json",
    "a return": "poll.json\r", "an escape": "\x1b]0;x\x07", "a space": "poll .json", "nothing": "",
    "a tilde": "~/x", "a variable": "$HOME/x", "a command": "`id`", "a pipe": "|id", "a wildcard": "*",
    "a text that turns round": "\u202egnp.exe",
}  # fmt: skip
CODE_OF_NAME = "archive_name"


def nested(case, depth: int) -> bytes:
    data = case.zip()
    for _ in range(depth):
        data = written([("evidence.zip", data, FILE)])
    return data


def deflated_nest(depth: int) -> bytes:
    """Each level a thousand times smaller than what it says to hold."""
    data = bytes(1 << 20)
    for _ in range(depth):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.zip", data)
        data = target.getvalue()
    return data


def apart(name: str) -> str:
    return unicodedata.normalize("NFD", name)


def numbered(count: int) -> Iterable[Entry]:
    return ((f"f{number:06d}", b"", FILE) for number in range(count))


BUNDLES = {
    "a link to a file of the system": (lambda c: instead(c, "poll.json", LINK, b"/etc/passwd"), "archive_symlink"),
    "a link out of the folder": (lambda c: instead(c, "tally.pdf", LINK, b"../../x"), "archive_symlink"),
    "a link in place of the list": (lambda c: instead(c, "manifest.json", LINK, b"poll.json"), "archive_symlink"),
    "a linked folder and a file in it": (
        lambda c: beside(c, ("ballotz", b"/tmp", LINK), ("ballotz/x", b"x", FILE)), "archive_symlink"),
    "a folder": (lambda c: instead(c, "tally.pdf", FOLDER, b""), "archive_symlink"),
    "a device": (lambda c: instead(c, "tally.pdf", 0o020666 << 16, b""), "archive_symlink"),
    "a pipe": (lambda c: instead(c, "tally.pdf", 0o010666 << 16, b""), "archive_symlink"),
    "a file with the rights of its owner": (lambda c: instead(c, "tally.pdf", 0o104755 << 16, b"x"), "archive_symlink"),
    "a file that is a folder too": (lambda c: beside(c, ("poll.json/x", b"x", FILE)), "file_unknown"),
    "letters taken apart": (lambda c: beside(c, (apart("biên-bản.pdf").encode(), b"x", FILE)), "archive_name"),
    "letters put together": (lambda c: beside(c, ("biên-bản.pdf".encode(), b"x", FILE)), "archive_name"),
    "letters taken apart, and said to be so": (
        lambda c: beside(c, (apart("biên-bản.pdf").encode(), b"x", FILE), flags=UTF8), "archive_compressed"),
    "both spellings of a name": (lambda c: beside(
        c, (apart("biên.pdf").encode(), b"x", FILE), ("biên.pdf".encode(), b"y", FILE)), "archive_name"),
    "letters of no alphabet": (lambda c: beside(c, (b"\xff\xfe.pdf", b"x", FILE)), "archive_name"),
    "a hundred thousand entries": (lambda _c: written(numbered(MANY)), "archive_large"),
    "a count that went round": (lambda _c: written(numbered(65536 + 3)), "archive_layout"),
    "a count of the larger format": (lambda _c: written(numbered(9), count=0xFFFF), "archive_large"),
    "the most entries, the last of them twice": (
        lambda _c: written([*numbered(MOST_ENTRIES - 1), ("f019998", b"", FILE)]), "archive_duplicate"),
    "the most entries, all of them odd": (
        lambda _c: written((f"../{n:06d}", b"", FILE) for n in range(MOST_ENTRIES)), "archive_name"),
    "names as long as there are": (
        lambda _c: written((f"{'a/' * 32000}{n:03d}", b"", FILE) for n in range(50)), "manifest_missing"),
    "a bundle in a bundle": (lambda c: nested(c, 1), "manifest_missing"),
    "fifty bundles in each other": (lambda c: nested(c, 50), "manifest_missing"),
    "a bundle beside the files": (lambda c: beside(c, ("evidence.zip", c.zip(), FILE)), "file_unknown"),
    "a bundle in place of the vote": (lambda c: packed({**c.files(), "poll.json": c.zip()}), "json_text"),
    "bombs in bombs": (lambda _c: deflated_nest(4), "archive_compressed"),
    "bombs beside the files": (lambda c: beside(c, ("slip.zip", deflated_nest(3), FILE)), "file_unknown"),
    "bytes before it": (lambda c: b"#!/bin/sh\nid\n" + c.zip(), "archive_truncated"),
    "bytes behind it": (lambda c: c.zip() + b"\n", "archive_truncated"),
    "two of them": (lambda c: c.zip() + c.zip(), "archive_truncated"),
}  # fmt: skip


def lines_of_windows(data: bytes) -> bytes:
    return json.dumps(json.loads(data), ensure_ascii=False, indent=1).replace("\n", "\r\n").encode()


SPELT = {
    "lines of Windows": (lines_of_windows, "json_canonical"),
    "a line end behind it": (lambda data: data + b"\r\n", "json_canonical"),
    "a mark of the order of bytes": (lambda data: b"\xef\xbb\xbf" + data, "json_broken"),
    "two bytes for a letter": (lambda data: data.decode().encode("utf-16"), "json_text"),
}
JSON = ("manifest.json", "poll.json", "result.json", "log.json")


class Place:
    """A folder of its own in which a program runs; whatever it leaves anywhere is seen."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle = folder / "work", folder / "evidence.zip"
        for name in ("work", "home", "tmp"):
            (folder / name).mkdir()
        kept = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment = kept | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}

    def verify(self, data: bytes, *arguments: str) -> tuple[int, dict]:
        self.bundle.write_bytes(data)
        command = [sys.executable, "-I", "-B", str(TOOL), str(self.bundle), "--json", "--language", "en", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, timeout=PATIENCE,
                              check=False)  # fmt: skip
        assert done.stderr == b""
        left = [path for path in self.folder.parent.rglob("*") if not path.is_dir()]
        assert left == [self.bundle]
        assert not Path("/tmp/evidence-was-here").exists()  # noqa: S108 - where one of them would have led
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def refused(found: tuple[int, dict], code: str) -> None:
    status, account = found
    problems = account["problems"]
    assert (status, account["state"], problems[0]["code"]) == (1, "invalid", code), problems[:3]
    assert all(sign.isprintable() for each in problems for sign in each["said"])


def test_the_honest_one_holds_in_the_same_place(case, place):
    assert place.verify(case.zip())[0] == 0
    assert place.verify(beside(case))[0] == 0, "what is written here is written as bundles are"


@pytest.mark.parametrize("how", NAMES)
def test_no_name_leads_anywhere(case, place, how):
    refused(place.verify(beside(case, (NAMES[how].encode(), b"x", FILE))), CODE_OF_NAME)


@pytest.mark.parametrize("how", BUNDLES)
def test_a_hostile_bundle_gets_its_verdict(case, place, how):
    build, code = BUNDLES[how]
    refused(place.verify(build(case)), code)


@pytest.mark.parametrize("how", SPELT)
@pytest.mark.parametrize("name", JSON)
def test_json_has_one_spelling(case, place, how, name):
    change, code = SPELT[how]
    files = case.files()
    if name not in files and name != "manifest.json":
        name = next(each for each in sorted(files) if each.endswith(".json"))
    if name == "manifest.json":
        files["manifest.json"] = change(manifest_of({key: data for key, data in files.items() if key != name}))
        data = written([(each, files[each], FILE) for each in sorted(files)])
    else:
        data = packed({**files, name: change(files[name])})
    refused(place.verify(data), code)


@pytest.mark.parametrize(
    "how", ["a link to a file of the system", "a hundred thousand entries", "a bundle in a bundle"]
)
def test_a_hostile_older_one_proves_nothing(case, place, how):
    older = place.folder.parent / "older"
    older.mkdir()
    (path := older / "old.zip").write_bytes(BUNDLES[how][0](case))
    place.bundle.write_bytes(case.zip())
    command = [sys.executable, "-I", "-B", str(TOOL), str(place.bundle), "--json", "--older", str(path)]
    done = subprocess.run(command, cwd=place.folder, env=place.environment, capture_output=True, timeout=PATIENCE,
                          check=False)  # fmt: skip
    account = json.loads(done.stdout)
    assert (done.returncode, account["state"], done.stderr) == (1, "invalid", b"")
    assert {each["step"] for each in account["problems"]} == {"older"}


@pytest.mark.parametrize("how", BUNDLES)
def test_the_command_of_the_application_says_the_same(app, case, tmp_path, how):
    (path := tmp_path / "evidence.zip").write_bytes(BUNDLES[how][0](case))
    done = app.test_cli_runner().invoke(args=["verify", str(path), "--json"])
    account = json.loads(done.output)
    assert (done.exit_code, account["state"]) == (1, "invalid")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["evidence.zip"]


def test_the_links_are_links_to_whoever_unpacks_them(case):
    """The control: what is refused above is what other programs would follow."""
    with zipfile.ZipFile(io.BytesIO(BUNDLES["a link to a file of the system"][0](case))) as archive:
        entry = archive.getinfo("poll.json")
        assert (entry.external_attr >> 16) & 0o170000 == 0o120000
        assert archive.read(entry) == b"/etc/passwd"
