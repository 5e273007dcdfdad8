"""What holds for every tracked file: pinned requirements, no download address, sound names, honest tests."""

import ast
import re
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "shared", "services", "service", "managers", "misc"}
VENDORED = "app/static/vendor/"  # of other projects, and held to its sums by test_vendored.py


@cache
def tracked() -> tuple[Path, ...]:
    """The paths under version control, relative to the root, that are still there."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return tuple(Path(name) for name in listed if name and (ROOT / name).is_file())


@cache
def texts() -> dict[Path, str]:
    """The text of every tracked file that is text; vendored files are left out."""
    found = {}
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content and not str(path).startswith(VENDORED):
            found[path] = content.decode()
    return found


def lines_with(pattern: str, among: str = "") -> list[str]:
    """`path:line: text` of every line of tracked text under a folder that a regular expression finds."""
    search = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts().items()
        if str(path).startswith(among) and search.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if search.search(line)
    ]


def modules(folder: str) -> list[Path]:
    return [path for path in texts() if path.suffix == ".py" and path.parts[0] == folder]


def pins(name: str) -> dict[str, str]:
    """Package to version of a compiled requirements file; anything but a hashed pin fails."""
    text = texts()[Path(name)].replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin = re.fullmatch(r"([a-z0-9.-]+)==(\S+)((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*", line)
            assert pin, f"{name}: {line[:100]}"
            found[pin[1]] = pin[2]
    return found


def wanted(name: str) -> set[str]:
    """The packages that a requirements*.in names, as the compiled file spells them."""
    lines = [re.split(r"[=<>\[ #]", line)[0] for line in texts()[Path(name)].splitlines()]
    return {re.sub(r"[-_.]+", "-", line).lower() for line in lines if line and not line.startswith("-")}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_compiled_pinned_and_hashed(name):
    assert wanted(f"{name}.in")
    assert wanted(f"{name}.in") <= set(pins(f"{name}.txt"))


def test_what_tests_and_application_both_use_is_the_same_version():
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    both = set(runtime) & set(development)
    assert {name: runtime[name] for name in both} == {name: development[name] for name in both}


def test_no_tracked_file_names_a_registry_or_carries_a_download_address():
    hosts = (r"pypi\.org", r"pythonhosted\.org", r"registry\.npmjs\.org", r"deb\.debian\.org")
    addresses = (r'"resolved"\s*:', r"--(?:extra-)?index-url[ =]\S*:", r"https?://\S+\.(?:whl|tgz)\b")
    assert lines_with("|".join((*hosts, *addresses))) == []


def test_no_tracked_file_speaks_of_anything_but_the_project():
    elsewhere = (r"(?i)\bissues? #?\d", r"(?<![\w./-])(?:\.\./|/work/)?shar[e]d/\w", r"/work/\w")
    assert [line for pattern in elsewhere for line in lines_with(pattern)] == []


def test_no_module_is_named_after_what_it_is_not():
    python = [path for path in tracked() if path.suffix == ".py"]
    assert python
    assert [str(path) for path in python if FORBIDDEN_NAMES & {path.stem, *path.parts[:-1]}] == []


def test_every_module_of_the_application_opens_with_one_line_that_says_what_it_decides():
    mute = []
    for path in modules("app"):
        docstring = ast.get_docstring(ast.parse(texts()[path])) or ""
        if not re.match(r"\S.*[.?:…](?:\n\n|\Z)", docstring):
            mute.append(str(path))
    assert mute == []


def test_every_decision_has_a_number_of_its_own_and_bears_it():
    decisions = {path.name: text for path, text in texts().items() if str(path).startswith("docs/decisions/")}
    numbers = sorted(name[:4] for name in decisions)
    assert len(set(numbers)) == len(numbers), [name for name in sorted(decisions) if numbers.count(name[:4]) > 1]
    assert [name for name, text in decisions.items() if not text.startswith(f"# {name[:4]} ")] == []


def test_every_text_is_composed_unicode_with_plain_line_ends():
    assert [str(path) for path, text in texts().items() if not unicodedata.is_normalized("NFC", text)] == []
    assert [str(path) for path, text in texts().items() if "\r\n" in text or (text and text[-1] != "\n")] == []


def test_no_invisible_sign_turns_the_direction_of_a_text():
    assert lines_with("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]") == []


def test_no_test_is_skipped_or_expected_to_fail():
    ways_out = r"pytest\.(?:skip|xfail|importorskip)\b|mark\.(?:skip|skipif|xfail)\b|\bskipTest\b"
    assert lines_with(ways_out, "tests/") == []


def test_nothing_is_left_for_later():
    assert lines_with(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b|NotImplementedErro[r]") == []


def test_no_key_is_tracked():
    assert lines_with(r"BEGIN (?:[A-Z]+ )?PRIVATE KE[Y]") == []
    assert [str(path) for path in tracked() if path.suffix in {".p12", ".pfx", ".key", ".db", ".sqlite"}] == []


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert "\nmake test\n" in texts()[Path("README.md")]
    script = texts()[Path(".ci/run")]
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script
    assert script.splitlines()[-1] == "make test"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_make_help_lists_every_target():
    makefile = texts()[Path("Makefile")]
    phony = set(re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)[1].split()) - {"python"}
    documented = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert documented == phony
