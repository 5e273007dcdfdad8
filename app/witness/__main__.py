"""The witness's program: `python -m app.witness --listen HOST:PORT --folder DIR --name NAME --log VKEY`.

`--show-key` prints what the installation pins; `resume` lets a log go on from a checkpoint that people decided on.
"""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from app.gateways.witness.notes import LOG, Key, Malformed
from app.witness.desk import Desk
from app.witness.memory import Unusable, open_key
from app.witness.server import Server

log = logging.getLogger("ecabinet.witness")

MOST_PORT = 65535


def main(arguments: list[str]) -> int:
    """The exit status: 0 done, 1 with a sentence why not."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", level=logging.INFO)
    told = _parser().parse_args(arguments)
    try:
        private, key = open_key(Path(told.folder), told.name)
        if told.show_key:
            print(key)
            return 0
        desk = Desk(Path(told.folder), private, key, _logs(told.log))
        if told.act == "resume":
            _resume(desk, told.note, told.reason)
        else:
            _serve(desk, told.listen)
    except (Unusable, Malformed, OSError) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.witness", description="Countersigns a log that only grows.")
    parser.add_argument("act", nargs="?", choices=["serve", "resume"], default="serve")
    parser.add_argument("--folder", required=True, help="folder of its own key and of what it knows")
    parser.add_argument("--name", default="", help="first start: name of this witness, such as witness.example.gov.vn")
    parser.add_argument("--log", action="append", default=[], metavar="VKEY", help="key of a log; several are allowed")
    parser.add_argument("--listen", default="", metavar="HOST:PORT", help="serve: where; an IPv6 address in brackets")
    parser.add_argument("--show-key", action="store_true", help="print this witness's public key")
    parser.add_argument("--note", default="", metavar="FILE", help="resume: signed checkpoint to go on from")
    parser.add_argument("--reason", default="", help="resume: why; kept with what is put aside")
    return parser


def _logs(vkeys: list[str]) -> list[Key]:
    if not vkeys:
        raise Unusable("Say which log is watched: --log VKEY")
    return [Key.parse(vkey, LOG) for vkey in vkeys]


def _resume(desk: Desk, path: str, reason: str) -> None:
    if not path or not reason.strip():
        raise Unusable("Say from where to go on, and why: --note FILE --reason TEXT")
    aside = desk.begin_anew(Path(path).read_bytes(), reason.strip() + "\n")
    print(f"goes on from {path}; what was known before is in {aside}")


def _serve(desk: Desk, listen: str) -> None:
    host, _colon, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > MOST_PORT:
        raise Unusable("Say where to listen: --listen HOST:PORT")
    with Server(host.strip("[]"), int(port), desk) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: threading.Thread(target=server.shutdown).start())
        log.info("%s answers at %s:%s", desk.key, host, server.server_address[1])
        server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
