"""flask backup and flask restore in a process of their own, which dies by kill -9 at a given step if it is told to.

`python -m tests.backup.doomed COMMAND FOLDER…` with the address in ECABINET_TEST_ADDRESS, the store in
ECABINET_TEST_STORE, the authorities in ECABINET_TEST_TRUSTED, and the step in ECABINET_TEST_STEP.
"""

import os
import signal
import sys
from pathlib import Path

from app import backup, create_app
from app.backup import files, manifest, restoring, sqlite
from app.commands_backup import Console
from app.gateways import signing, storage
from tests.conftest import SETTINGS


def die(*_arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: str) -> None:
    """At the first report of a step; "manifest" is before the last act of a backup, "mark" before that of a restore."""
    files.PIECE, sqlite.PAGES = 4096, 8  # so that there is a middle
    manifest.Manifest.save = die
    if step != "manifest":
        manifest.Manifest.save = SAVE
    if step == "mark":
        restoring._finish = die
    report = Console.__call__

    def watched(self: Console, name: str, done: int, total: int) -> None:
        report(self, name, done, total)
        if name == step:
            die()

    Console.__call__ = watched


SAVE = manifest.Manifest.save


def main() -> int:
    if step := os.environ.get("ECABINET_TEST_STEP", ""):
        die_at(step)
    chain = tuple(path.read_bytes() for path in sorted(Path(os.environ["ECABINET_TEST_TRUSTED"]).iterdir()))
    settings = {**SETTINGS, "SIGNER": (signing.KeysElsewhere(), chain), "APP_ROLE": "ecab_app"}
    store = storage.Storage(os.environ["ECABINET_TEST_STORE"])
    app = create_app(**settings, STORE=store, SQLALCHEMY_DATABASE_URI=os.environ["ECABINET_TEST_ADDRESS"])
    done = app.test_cli_runner().invoke(args=sys.argv[1:])
    sys.stdout.write(done.output)
    if done.exception and not isinstance(done.exception, SystemExit | backup.Broken):
        raise done.exception
    return done.exit_code


if __name__ == "__main__":
    sys.exit(main())
