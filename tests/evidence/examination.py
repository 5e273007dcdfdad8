"""What the tool says of a bundle, and a shell of the commands of a guide; the same for votes and for slips."""

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.evidence import bundles
from tests.servers import program

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
PLACES = range(20) if FULL else range(1)
CASES = 4 if FULL else 1  # honest ones, tampered with at one place after the other


def problems(tampered: bytes | tuple[bytes, dict[str, Any]]) -> list[Any]:
    """Step and problem of everything that the tool finds wrong in a bundle, or in one with options of `examine`."""
    data, options = tampered if isinstance(tampered, tuple) else (tampered, {})
    return bundles.tool.examine(data, **options).problems


def assert_named(tampered: bytes | tuple[bytes, dict[str, Any]], codes: frozenset[str]) -> None:
    """One of these codes is among what is found, and each has a sentence in both languages."""
    found = problems(tampered)
    assert {problem.code for _step, problem in found} & codes, [(step, each.code) for step, each in found]
    for language in (0, 1):
        assert all(problem.said(language) for _step, problem in found)


@dataclass(frozen=True)
class Guide:
    """The commands of HOW-TO-VERIFY.md, run as they stand in a folder where a bundle is unpacked."""

    path: Path
    packed: Callable[[dict[str, bytes]], bytes]

    @cached_property
    def blocks(self) -> list[str]:
        return re.findall(r"```sh\n(.*?)```", self.path.read_text(), re.DOTALL)

    def unpacked(self, files: dict[str, bytes], folder: Path) -> Path:
        """The guide's own first step."""
        folder.mkdir(exist_ok=True)
        (folder / "evidence.zip").write_bytes(self.packed(files))
        command = [program("unzip", "unzip"), "-q", "evidence.zip", "-d", "evidence"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return folder / "evidence"

    def run(self, number: int, folder: Path, before: Sequence[int] = ()) -> tuple[int, str]:
        """Blocks in one shell; exit status and what is said."""
        text = "\n".join(self.blocks[at] for at in (*before, number))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr
