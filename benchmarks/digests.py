"""A thousand members get their digest of the day: its row, its letter and its page, and the memory that takes.

Each round is a process of its own, `python -m benchmarks.digests COUNT`, with a body of so many members on SQLite, who
are called to a session of ten items. The rows are made by the job of every morning; the letters (text and HTML) and
the pages (PDF) as those who send and open them make them, one after the other.
"""

import datetime as dt
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from flask import current_app
from flask_babel import force_locale
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select

from app.extensions import db
from app.gateways import channels, paper
from app.gateways.mail import Mailer
from app.gateways.paper import fonts
from app.gateways.paper import measures as m
from app.models import Delivery, Digest, ItemKind, MeetingKind, Queue
from app.tasks import digests, letters, relay
from app.views.digests import paper_of
from app.workflows import agenda, meetings
from app.workflows.engine import outbox
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import hanoi_date
from benchmarks import jobs, population
from benchmarks.measure import Row, seconds
from tests import cabinet

MEMBERS, ROUNDS, ITEMS = 1_000, 3, 10
BASE = "https://ecabinet.example"
MEGABYTE = 1024  # of what the system counts in kilobytes


def measure() -> list[Row]:
    """Time of the whole and of each part, and the peak of memory."""
    whole = Row(f"{MEMBERS:,} digests: rows, letters, pages", "s", "their words drawn on bare ReportLab pages", "lower")
    row = Row(f"one of {MEMBERS:,} digests: its row and delivery", "ms", "bare SQL, two rows, one commit", "lower")
    letter = Row(f"one of {MEMBERS:,} digests: its letter", "ms", "its two templates, words ready", "lower")
    page = Row(f"one of {MEMBERS:,} digests: its page", "ms", "its words drawn on a bare ReportLab page", "lower")
    memory = Row(f"{MEMBERS:,} digests: peak memory", "MB", "the same process before", "lower")
    for number in range(ROUNDS):
        found = _round(MEMBERS)
        for each, name in ((whole, "whole"), (row, "row"), (letter, "letter"), (page, "page"), (memory, "memory")):
            each.ours.append(found[name][0])
            each.theirs.append(found[name][1])
            said = f"{each.ours[-1]:.4g} / {each.theirs[-1]:.4g} {each.unit}"
            sys.stderr.write(f"  {each.name}: round {number + 1}: {said}\n")
    return [whole, row, letter, page, memory]


def _round(members: int) -> dict[str, tuple[float, float]]:
    command = [sys.executable, "-m", "benchmarks.digests", str(members)]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, tuple[float, float]] = json.loads(said.stdout.splitlines()[-1])
    return found


# -- in the process of a round ----------------------------------------------------------------------------------------


def main(members: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as folder, jobs.embedded(Path(folder)):
        channels.use(channels.Channels(mail=Mailer("smtp://127.0.0.1:9?tls=none", "ecabinet@chinhphu.example")))
        population.settle(members - len(cabinet.MEMBERS))
        now = dt.datetime.now(dt.UTC)
        _convene(now)
        figures = _figures(now, Path(folder) / "bare.db", members)
    sys.stdout.write(json.dumps(figures) + "\n")


def _figures(now: dt.datetime, bare: Path, members: int) -> dict[str, tuple[float, float]]:
    before = _peak()
    making = seconds(lambda: _make(now))
    made = db.session.scalars(select(Digest).order_by(Digest.id)).all()
    if len(made) != members or db.session.query(Delivery).filter(Delivery.digest_id.is_not(None)).count() < members - 5:
        raise RuntimeError(f"{len(made)} of {members} digests were made")
    with force_locale("vi"):
        writing = seconds(lambda: _one_by_one(lambda one: letters.digest_letter(one.content, one.id, BASE), made))
    printing = seconds(lambda: _one_by_one(paper_of, made))
    after = _peak()
    content, words = json.dumps(made[-1].content), paper.page_texts(paper_of(made[-1]))[0].splitlines()
    rows, templates = _bare_rows(bare, content, members), _bare_letters(made[-1], members)
    pages = seconds(lambda: _one_by_one(lambda _one: _bare_page(words), made))
    each = 1000 / members
    return {
        "whole": (making + writing + printing, pages), "row": (making * each, rows * each),
        "letter": (writing * each, templates * each), "page": (printing * each, pages * each),
        "memory": (after / MEGABYTE, before / MEGABYTE),
    }  # fmt: skip


def _convene(now: dt.datetime) -> None:
    """A session of today with its agenda, to which everybody is called."""
    clerk, starts_at = cabinet.actors()["clerk"], now + dt.timedelta(minutes=5)
    title = "Phiên họp thường kỳ tháng 11"
    meeting_id = meetings.create_meeting(clerk, 1, MeetingKind.REGULAR, title, starts_at, "Phòng họp số 1", now=now).id
    for number in range(ITEMS):
        agenda.add_item(clerk, meeting_id, f"Tờ trình về kế hoạch phát triển số {number}", ItemKind.DECISION, now=now)
    meetings.issue_invitation(clerk, meeting_id, now=now)


def _make(now: dt.datetime) -> None:
    """The job of the morning, and nothing else."""
    with own_transaction() as session:
        arguments = {"body_id": 1, "day": hanoi_date(now).isoformat()}
        session.add(outbox.job_for(1, digests.DAILY, arguments, "benchmark", now))
    if relay.drain(now, [Queue.DIGEST]) == 0:
        raise RuntimeError("the job did not end well")


def _one_by_one(act: Callable[[Digest], object], made: Sequence[Digest]) -> None:
    """Nothing is kept of what is made."""
    for each in made:
        act(each)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _bare_rows(database: Path, content: str, count: int) -> float:
    with closing(sqlite3.connect(database, isolation_level=None)) as line:
        line.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (content);")

        def work() -> None:
            for _each in range(count):
                line.execute("BEGIN IMMEDIATE")
                line.execute("INSERT INTO bare VALUES (?)", [content])
                line.execute("INSERT INTO bare VALUES ('')")
                line.execute("COMMIT")

        return seconds(work)


def _bare_letters(digest: Digest, count: int) -> float:
    """The templates alone: the words that the letter gave them are kept and given again."""
    pages, heard = letters._pages(current_app.jinja_env), list[dict[str, Any]]()

    def get_template(name: str) -> Any:
        template = pages.get_template(name)

        def render(said: dict[str, Any]) -> str:
            heard.append(said)
            return str(template.render(said))

        return SimpleNamespace(render=render)

    with force_locale("vi"), patch.object(letters, "_pages", lambda _all: SimpleNamespace(get_template=get_template)):
        letters.digest_letter(digest.content, digest.id, BASE)
        templates = [pages.get_template(f"mail/digest.{form}") for form in ("txt", "html")]
        return seconds(lambda: [template.render(heard[0]) for _each in range(count) for template in templates])


def _bare_page(words: list[str]) -> bytes:
    """The same lines from top to bottom, in one of the faces."""
    made = BytesIO()
    bare = Canvas(made, pagesize=m.PAGE, pageCompression=1, initialFontName=m.REGULAR)
    fonts.register()
    bare.setFont(m.REGULAR, 13)
    for number, line in enumerate(words):
        bare.drawString(60, 780 - 16 * number, line)
    bare.save()
    return made.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]))
