"""`make cluster`: start everything, load it, replay a session against it, serve until Ctrl-C."""

import argparse
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.cluster.installation import Cluster
from deploy.cluster.processes import LOOKS, Failed, Program, Supervisor
from deploy.cluster.servers import LONGEST_SOCKET, ROOT

STATE = "cluster.json"
FILL = [sys.executable, "-m", "flask", "--app", "run:app", "demo", "prepare"]
NOTE = """
This is a rehearsal with demo data: ECABINET_ENV is not “production”, which would refuse the demo. The servers, the
processes, the roles of the database, the proxy and the signer are those of a production.
"""


def main(arguments: list[str]) -> int:
    """The exit status: 0, or 1 when something did not start or the replay found something wrong."""
    told = _parser().parse_args(arguments)
    os.umask(0o077)
    supervisor = Supervisor()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: setattr(supervisor, "ending", True))
    try:
        return _perform(told, supervisor)
    except Failed as reason:
        print(reason, file=sys.stderr)
        return 1
    finally:
        supervisor.end()
        print("everything has ended", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.cluster", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "cluster", help="made anew each time")
    parser.add_argument("--port", type=int, default=0, help="of https; otherwise a free one")
    parser.add_argument("--once", action="store_true", help="end after the replay")
    parser.add_argument("--no-replay", action="store_true", help="only serve")
    parser.add_argument("--members", type=int, default=27, help="how many members the Government has that is filled in")
    parser.add_argument("--fill", nargs=argparse.REMAINDER, default=FILL, help="what fills the database; last of all")
    return parser


def _perform(told: argparse.Namespace, supervisor: Supervisor) -> int:
    began = time.monotonic()
    folder = _anew(told.folder.absolute())
    cluster = Cluster(folder, supervisor, told.port)
    cluster.members = told.members
    supervisor.changed = lambda: _write_state(cluster, supervisor)
    print(f"Everything lies in {folder}. Filling the database …", flush=True)
    cluster.fill(told.fill)
    cluster.begin()
    if supervisor.ending:
        return 0
    print(f"{len(supervisor.programs)} programs run after {time.monotonic() - began:.0f} s.", flush=True)
    status = 0 if told.no_replay else _replay(cluster, supervisor)
    if told.once or supervisor.ending:
        return status
    print(f"{NOTE}\n{cluster.nginx.url}  (Ctrl-C ends everything; what they say: {folder}/*/*.log)", flush=True)
    while not supervisor.ending:
        supervisor.look()
        time.sleep(LOOKS)
    return status


def _replay(cluster: Cluster, supervisor: Supervisor) -> int:
    """Beside the supervisor, in a process of its own."""
    command = [sys.executable, "-m", "deploy.cluster.replay", str(cluster.folder / STATE)]
    with subprocess.Popen(command, cwd=ROOT, env=cluster.environment()) as replay:
        while replay.poll() is None:
            if supervisor.ending:
                replay.terminate()
            supervisor.look()
            time.sleep(LOOKS)
        return replay.returncode


def _anew(folder: Path) -> Path:
    """An empty folder that the database's account can enter; a former rehearsal makes room."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / STATE).exists():
            raise Failed(f"{folder} is there and is no rehearsal of ours; nothing was touched.")
        _require_nobody(folder / STATE)
        shutil.rmtree(folder)
    before = os.umask(0o066)  # others may pass through, and see nothing
    folder.mkdir(parents=True)
    os.umask(before)
    if len(str(folder)) > LONGEST_SOCKET - len("/signer/signer.sock") or not _enterable(folder):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="ecab-cluster-"))
        folder.chmod(0o711)
        print("The folder is closed to the account postgres, or its path is too long for a socket.", flush=True)
    (folder / STATE).touch(mode=0o600)
    return folder


def _require_nobody(state: Path) -> None:
    """Failed while another supervisor is at work in this folder."""
    try:
        pid = json.loads(state.read_text())["pid"]
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, KeyError):
        return
    if b"deploy.cluster" in command and pid != os.getpid():
        raise Failed(f"A rehearsal runs in this folder already (process {pid}).")


def _enterable(folder: Path) -> bool:
    """Whether the account of PostgreSQL gets there."""
    if os.geteuid() != 0:
        return True
    account = pwd.getpwnam("postgres") if any(each.pw_name == "postgres" for each in pwd.getpwall()) else None
    if account is None:
        return True  # the program is missing too, and its absence is told
    asked = ["/usr/bin/test", "-x", str(folder)]
    asking = subprocess.run(asked, user=account.pw_uid, group=account.pw_gid, extra_groups=[], check=False)
    return asking.returncode == 0


def _write_state(cluster: Cluster, supervisor: Supervisor) -> None:
    """Who runs where, for the replay and for whoever looks; replaced whole."""
    programs = {each.name: _facts(each) for each in supervisor.programs}
    state = {"pid": os.getpid(), "members": cluster.members, **cluster.facts(), "programs": programs}
    draft = cluster.folder / f"{STATE}.draft"
    draft.write_text(json.dumps(state, indent=2))
    draft.replace(cluster.folder / STATE)


def _facts(program: Program) -> dict[str, object]:
    return {"pid": program.process.pid if program.process else None, "starts": program.starts, "log": str(program.log)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
