"""Alternated rounds, medians of per-round ratios, one table."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Row:
    """One figure: ours and its anchor in the same unit, one pair per round; `better` says which way is good.

    `goal` is what the ratio should reach; None for a figure that is only told.
    """

    name: str
    unit: str
    anchor: str
    better: str  # "higher" or "lower"
    goal: float | None = None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def spread(self) -> str:
        ratios = [a / b for a, b in zip(self.ours, self.theirs, strict=True)]
        return f"{min(ratios):.3g}–{max(ratios):.3g}"

    @property
    def met(self) -> bool | None:
        """Whether the median ratio reached the goal."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.better == "lower" else self.ratio >= self.goal

    def aim(self) -> str:
        if self.goal is None:
            return "–"
        return f"{'≤' if self.better == 'lower' else '≥'} {self.goal:g}: {'met' if self.met else 'NOT met'}"


def alternate(row: Row, ours: Callable[[], float], anchor: Callable[[], float], rounds: int = 3) -> Row:
    """Measure both sides in turn, so that a busy minute hits both."""
    for number in range(rounds):
        row.ours.append(ours())
        row.theirs.append(anchor())
        sys.stderr.write(f"  {row.name}: round {number + 1}: {row.ours[-1]:.4g} / {row.theirs[-1]:.4g} {row.unit}\n")
    return row


def seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def table(rows: list[Row]) -> str:
    """Markdown: medians of both sides, the median ratio and its spread over the rounds."""
    lines = ["| figure | ours | anchor | ratio (spread) | better | goal | anchor is |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        ours, theirs = statistics.median(row.ours), statistics.median(row.theirs)
        lines.append(
            f"| {row.name} | {ours:.4g} {row.unit} | {theirs:.4g} {row.unit} | {row.ratio:.3g} ({row.spread()}) "
            f"| {row.better} | {row.aim()} | {row.anchor} |"
        )
    return "\n".join(lines)


def about() -> dict[str, object]:
    """When, which commit, which machine."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit.stdout.strip(),
        "python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def document(rows: list[Row], path: Path) -> None:
    """The table as a page, with what it was measured on; figures of a busy machine say so by their load."""
    facts = ", ".join(f"{name} {value}" for name, value in about().items())
    path.write_text(
        "# Measurements\n\nWritten by `make test-full`; `make bench` prints the same table. Each figure stands beside "
        "an anchor measured in alternation with it, in the same run: compare ratios, not the figures of two runs.\n\n"
        f"Measured: {facts}.\n\n{table(rows)}\n"
    )


def write(rows: list[Row], path: Path) -> None:
    """var/bench.json: the rows with every round, and what they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows_json = [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows]
    path.write_text(json.dumps({"about": about(), "rows": rows_json}, indent=2, ensure_ascii=False) + "\n")
