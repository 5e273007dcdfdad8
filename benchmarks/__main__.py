"""`python -m benchmarks [name …] [--document FILE]`: run all or those named, print the table, write var/bench.json."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    casting,
    casting_http,
    closing,
    digests,
    evidence,
    fanout,
    jobs,
    log,
    measure,
    paper,
    providers,
    signing,
    slips,
    stage,
    stamps,
    votes,
    watching,
)
from benchmarks.measure import Row


def _casting() -> list[Row]:
    with stage.on_postgresql() as (application, server, database):
        return [casting.measure(application, server, database)]


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "casting": _casting, "casting-http": casting_http.measure, "watching": watching.measure,
    "votes": votes.measure, "paper": paper.measure, "signing": signing.measure,
    "verdict": signing.judging, "closing": closing.measure, "fanout": fanout.measure,
    "jobs": jobs.measure, "digests": digests.measure, "log": log.measure, "evidence": evidence.measure,
    "providers": providers.measure, "stamps": stamps.measure, "slips": slips.measure,
}  # fmt: skip


def main(names: list[str]) -> int:
    page = Path(names.pop(names.index("--document") + 1)) if "--document" in names else None
    names = [name for name in names if name != "--document"]
    if unknown := set(names) - set(BENCHMARKS):
        sys.stderr.write(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    rows = [row for name, run in BENCHMARKS.items() if not names or name in names for row in run()]
    measure.write(rows, Path(os.environ.get("ECABINET_VAR", "var")) / "bench.json")
    if page:
        measure.document(rows, page)
    sys.stdout.write(measure.table(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
