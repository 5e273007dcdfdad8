"""Decides nothing: confines its own process, hands the file to the reader and prints the answer as one line of JSON.

Loaded without the application, by its bare name.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def run(answer: Callable[[bytes, dict[str, int]], dict[str, Any]]) -> None:
    """`argv[3]` is {"memory": bytes, "seconds": n, …}; the file is the standard input."""
    limits = json.loads(sys.argv[3])
    confine(limits)
    told = None
    with suppress(MemoryError):  # as long as the error is at hand, so is all that filled the memory
        told = answer(sys.stdin.buffer.read(), limits)
    told = told or {"refused": "too_heavy"}
    sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False).encode())


def confine(limits: dict[str, int]) -> None:
    """Memory, processor time, open files and file sizes; the parent's own clock comes later."""
    os.nice(10)  # a stranger's file is never more urgent than a vote
    for what, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
