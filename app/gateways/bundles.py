"""What the tool for outsiders says of an evidence bundle; run apart, with limits, and without this program."""

import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools/verify_evidence.py"
SECONDS = 600
LIMITS = (  # of the tool and of each openssl that it starts
    (resource.RLIMIT_AS, 4 << 30), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 1 << 30),
    (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_CORE, 0),
)  # fmt: skip
STATES = {0: "valid", 1: "invalid", 2: "undetermined"}
MOST_BYTES = 512 * 1024 * 1024  # of a bundle, as the tool has it
BEGINS = b"PK\x03\x04"


@dataclass(frozen=True)
class Account:
    """`state` is "valid", "invalid" or "undetermined"; `said` the numbered account or JSON, as it was asked for."""

    state: str
    said: str


def is_bundle(head: bytes) -> bool:
    """Whether a file that begins so is an archive, and thus no document."""
    return head.startswith(BEGINS)


def examine(path: Path, language: str, *, as_json: bool = False) -> Account:
    """The account of the tool in Vietnamese ("vi") or English; a tool that dies or takes too long judged nothing."""
    chosen = "en" if language == "en" else "vi"
    command = [sys.executable, "-I", "-B", str(TOOL), str(path.resolve()), "--language", chosen]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; the file is named, and read by the tool alone
            [*command, *(["--json"] if as_json else [])], stdin=subprocess.DEVNULL, capture_output=True, env={},
            cwd="/", timeout=SECONDS, check=False, preexec_fn=_confine,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Account("undetermined", "")
    return Account(STATES.get(done.returncode, "undetermined"), done.stdout.decode("utf-8", "replace").rstrip("\n"))


def _confine() -> None:
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
