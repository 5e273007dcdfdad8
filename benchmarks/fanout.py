"""From an event to the last of many screens: our realtime processes beside plain `websockets` and Node's socket.io.

All of them hear of the event through the same channel of the same Redis, and the same cheap client holds the screens.
Ours ask who is there: sessions, rights and the meeting come from a PostgreSQL. Every round starts them afresh.
"""

import datetime as dt
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from redis import Redis

from app.extensions import db
from app.realtime.channel import CHANNEL
from app.realtime.listening import MOST_LINES, TOKEN, USER
from app.workflows import login
from app.workflows.login_tries import account_of
from benchmarks import peer, stage
from benchmarks.measure import Row
from tests.conftest import SETTINGS, Scene
from tests.servers import PostgresServer, RedisServer, free_port

SIZES = (27, 200, 1000, 2000)
ROUNDS, EVENTS, BURST = 3, 25, 50
AGAINST_RAW, AGAINST_NODE, MEMORY = {1000: 1.0, 2000: 1.1}, {1000: 1.0}, 2.5  # what the ratios should reach
PATIENCE = 30.0
HERE = Path(__file__).parent
Figures = dict[int, dict[str, float]]  # by number of screens: last, slowest, own_cpu, memory (KB), lost, disordered


@dataclass
class Kind:
    """A server under measurement: how many processes, and what the screens have to know of it."""

    name: str
    processes: int
    commands: list[list[str]]
    environment: dict[str, str]
    wanted: dict[str, Any]
    rounds: list[Figures] = field(default_factory=list)

    def figures(self, size: int, name: str) -> list[float]:
        return [each[size][name] for each in self.rounds]


def measure() -> list[Row]:
    """Alternated rounds; the rows of docs/measurements.md."""
    redis = RedisServer()
    try:
        with stage.on_postgresql() as (application, server, database):
            kinds = _kinds(application, server, database, redis)
            for number in range(ROUNDS):
                for kind in kinds:
                    kind.rounds.append(_round(kind, redis))
                    _say(number, kind)
    finally:
        redis.stop()
    return _rows(*kinds)


def _rows(one: Kind, two: Kind, raw: Kind, node: Kind) -> list[Row]:
    """At 1000 and 2000 screens there are goals; the small rooms are only told."""
    rows = []
    for size in SIZES:
        rows += [
            _row(f"event → last of {size} screens", "median", size, one, raw, AGAINST_RAW.get(size)),
            _row(f"event → last of {size} screens", "median", size, one, node, AGAINST_NODE.get(size)),
            _row(f"event → last of {size} screens, two processes", "median", size, two, raw),
            _row(f"event → last of {size} screens, two processes", "median", size, two, node),
        ]
    rows.append(_row("memory per screen at 1000", "memory", 1000, one, node, MEMORY, "KB"))
    for kind, processes in ((one, "one process"), (two, "two processes")):
        told = f"told to {' / '.join(map(str, SIZES))} screens once and in order, {processes}"
        row = Row(told, "%", "all that was announced", "higher", 1.0)
        row.ours = [_whole(each) for each in kind.rounds]
        row.theirs = [100.0] * len(row.ours)
        rows.append(row)
    return rows


def _row(
    name: str, figure: str, size: int, ours: Kind, theirs: Kind, goal: float | None = None, unit: str = "ms"
) -> Row:
    row = Row(name, unit, theirs.name, "lower", goal)
    row.ours, row.theirs = ours.figures(size, figure), theirs.figures(size, figure)
    return row


def _whole(figures: Figures) -> float:
    """The share of all messages to rooms of every size that came once and in order, in per cent."""
    wrong = sum(figures[size]["lost"] + figures[size]["disordered"] for size in SIZES)
    return 100 * (1 - wrong / (sum(SIZES) * (EVENTS + BURST)))


def _say(number: int, kind: Kind) -> None:
    for size, found in kind.rounds[-1].items():
        told = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
        sys.stderr.write(f"  round {number + 1}: {kind.name}, {size} screens: {told}\n")


# -- one round of one kind ---------------------------------------------------------------------------------------------


def _round(kind: Kind, redis: RedisServer) -> Figures:
    with ExitStack() as running:
        ports = [free_port() for _each in range(kind.processes)]
        servers = [
            running.enter_context(process([part.replace("PORT", str(port)) for part in command], kind.environment))
            for command, port in zip(kind.commands, ports, strict=True)
        ]
        wait_for(redis, kind.processes, servers)
        time.sleep(0.5)
        empty = sum(_memory(server.pid) for server in servers)
        ask = running.enter_context(screens({**kind.wanted, "ports": ports, "redis": redis.port}))
        return {size: _at(size, servers, empty, ask) for size in SIZES}


def _at(size: int, servers: Sequence["subprocess.Popen[Any]"], empty: float, ask: Any) -> dict[str, float]:
    connected = ask("connect", size)
    time.sleep(0.5)
    memory = (sum(_memory(server.pid) for server in servers) - empty) / size
    before = sum(_cpu(server.pid) for server in servers)
    found = ask("events", EVENTS)
    spent = (sum(_cpu(server.pid) for server in servers) - before) * 1000 / EVENTS
    burst = ask("burst", BURST)
    return {
        **found, "server_cpu": spent, "memory": memory, "connects_per_second": connected["per_second"],
        "burst_per_second": burst["per_second"], "lost": found["lost"] + burst["lost"],
        "disordered": found["disordered"] + burst["disordered"],
    }  # fmt: skip


@contextmanager
def process(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A server for as long as it is needed."""
    server = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def screens(wanted: dict[str, Any]) -> Iterator[Any]:
    """A process with screens; what it is asked it answers."""
    command = [sys.executable, "-m", "benchmarks.fanout_screens", json.dumps(wanted)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(name: str, number: int) -> dict[str, float]:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the screens have no pipes")
        process.stdin.write(f"{name} {number}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the screens ended with {process.wait()}")
        found: dict[str, float] = json.loads(answer)
        return found

    try:
        yield ask
    finally:
        process.kill()
        process.communicate()


def wait_for(redis: RedisServer, processes: int, servers: Sequence["subprocess.Popen[Any]"]) -> None:
    """Until so many listen to the channel of announcements."""
    deadline = time.monotonic() + PATIENCE
    with Redis(port=redis.port) as client:
        while dict(client.pubsub_numsub(CHANNEL)).get(CHANNEL.encode(), 0) < processes:
            if time.monotonic() > deadline or any(server.poll() is not None for server in servers):
                raise RuntimeError("a server did not start")
            time.sleep(0.05)


def _memory(pid: int) -> float:
    """What a process takes by itself, in KB, with its share of what it has in common with others."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return float(next(line.split()[1] for line in said.splitlines() if line.startswith("Pss:")))


def _cpu(pid: int) -> float:
    """Seconds of processor time so far."""
    said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")


# -- the four ----------------------------------------------------------------------------------------------------------


def _kinds(application: Flask, server: PostgresServer, database: str, redis: RedisServer) -> tuple[Kind, ...]:
    ours = [sys.executable, "-m", "app.realtime.serve", "--port", "PORT"]
    installation = {
        "ECABINET_DATABASE": server.url(database), "ECABINET_REDIS": redis.url, "ECABINET_DEMO": "1",
        "ECABINET_SECRET_KEY": str(SETTINGS["SECRET_KEY"]), "ECABINET_ENV": "",
    }  # fmt: skip
    speaks = {"path": "/socket.io/?EIO=4&transport=websocket", "socketio": True, "meeting_id": _meeting()}
    known = {**speaks, "cookies": _cookies(application)}
    raw = [sys.executable, "-m", "benchmarks.fanout_raw", "PORT", str(redis.port)]
    node = [peer.program("node", "nodejs"), str(HERE / "node" / "fanout.js"), "PORT", str(redis.port)]
    plain = {"path": "/", "socketio": False, "cookies": [], "meeting_id": speaks["meeting_id"]}
    return (
        Kind("one realtime process", 1, [ours], installation, known),
        Kind("two realtime processes", 2, [ours, ours], installation, known),
        Kind("`websockets` broadcast on uvloop", 1, [raw], {}, plain),
        Kind("Node socket.io", 1, [node], {"NODE_PATH": str(peer.packages())}, {**speaks, "cookies": []}),
    )


def _meeting() -> int:
    meeting_id = Scene().invite().meeting_id
    db.session.remove()
    return meeting_id


def _cookies(application: Flask) -> list[str]:
    """Enough sessions of one member for all screens."""
    user = db.session.query(User).filter_by(username="a").one()
    account, now = account_of(user.id), dt.datetime.now(dt.UTC)
    serializer = application.session_interface.get_signing_serializer(application)
    tokens = [login.begin(account.actor, account, None, secrets.token_hex(4), now) for _each in range(_sessions())]
    db.session.remove()
    name = application.config["SESSION_COOKIE_NAME"]
    return [f"{name}={serializer.dumps({TOKEN: token, USER: str(account.user_id)})}" for token in tokens]


def _sessions() -> int:
    return 2 * SIZES[-1] // MOST_LINES
