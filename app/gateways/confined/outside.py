"""Decides how long another process may read a hostile file, and what it means when that process gives no answer."""

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
BUSY = 4  # times its processor time a reader may take by the clock: the machine has other things to do
START = (
    "import sys; sys.path[:0] = sys.argv[1:3]; from inside import run; from reader.worker import answer; run(answer)"
)


def ask(folder: Path, source: BinaryIO, limits: Mapping[str, int]) -> dict[str, Any]:
    """What `reader.worker.answer` of that folder says of the file, never more of it than allowed.

    `limits`: seconds of processor time, memory and answer (bytes), and what else the reader wants to know. A reader
    that dies or lies is a refusal too: {"refused": "timed_out" | "too_heavy" | "corrupt"}. It starts without the
    application, its environment and its files; the file is its standard input, from where `source` stands.
    """
    command = [sys.executable, "-I", "-B", "-c", START, str(folder), str(HERE), json.dumps(dict(limits))]
    with subprocess.Popen(  # noqa: S603 - a fixed program; the file is its standard input, never its argument
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
    ) as reader:
        alarm = threading.Timer(BUSY * limits["seconds"], reader.kill)
        alarm.start()
        try:
            told = reader.stdout.read(limits["answer"] + 1) if reader.stdout else b""
            if len(told) > limits["answer"]:
                reader.kill()
            status = reader.wait()
        finally:
            alarm.cancel()
    return json.loads(told) if status == 0 else {"refused": _cause(status)}


def _cause(status: int) -> str:
    log.warning("the reader of a file ended with status %s", status)
    if status in (-signal.SIGKILL, -signal.SIGXCPU):
        return "timed_out"
    return "too_heavy" if status < 0 else "corrupt"
