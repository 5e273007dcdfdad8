"""A door in the line between two programs of this machine, which a test may shut in the two ways in which a line dies.

Frozen, it takes what comes and passes nothing on, and nobody is told; cut, the line ends for both sides at once.
"""

import contextlib
import socket
import threading

PIECE = 65536


class Line:
    """One connection through the door."""

    def __init__(self, caller: socket.socket, concerned: bool) -> None:
        self.ends, self.concerned = [caller], concerned
        self.is_cut = threading.Event()

    def cut(self) -> None:
        self.is_cut.set()
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        for end in self.ends:
            end.close()


class Door:
    """A port of its own before another one; only lines whose first words hold `concerning` are ever shut."""

    def __init__(self, port: int, concerning: bytes = b"") -> None:
        self._behind, self._concerning = port, concerning
        self._open = threading.Event()
        self._open.set()
        self._lines: list[Line] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._begin(self._accept)

    def freeze(self) -> None:
        self._open.clear()

    def thaw(self) -> None:
        """What was held back arrives."""
        self._open.set()

    def cut(self) -> None:
        """End every line that is concerned."""
        for line in list(self._lines):
            if line.concerned:
                line.cut()

    def held(self) -> int:
        """How many living lines are concerned."""
        return sum(line.concerned and not line.is_cut.is_set() for line in list(self._lines))

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_ending: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in list(self._lines):
            line.cut()
        self.thaw()
        for thread in list(self._threads):
            thread.join(10)
        for line in self._lines:
            line.close()

    def _begin(self, work: object, *about: object) -> None:
        thread = threading.Thread(target=work, args=about, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the door is taken away
            while True:
                caller, _address = self._listening.accept()
                self._begin(self._lead, caller)

    def _lead(self, caller: socket.socket) -> None:
        first = b""
        with contextlib.suppress(OSError):
            first = caller.recv(PIECE) if self._concerning else b""
        line = Line(caller, self._concerning in first)
        self._lines.append(line)
        if not self._may_pass(line):
            return
        with contextlib.suppress(OSError):
            behind = socket.create_connection(("127.0.0.1", self._behind))
            line.ends.append(behind)
            behind.sendall(first)
            self._begin(self._pass, line, behind, caller)
            self._pass(line, caller, behind)

    def _pass(self, line: Line, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (piece := here.recv(PIECE)) and self._may_pass(line):
                there.sendall(piece)
        line.cut()

    def _may_pass(self, line: Line) -> bool:
        """Once the door is open for this line; False when it was cut meanwhile."""
        while line.concerned and not line.is_cut.is_set() and not self._open.wait(0.05):
            pass
        return not line.is_cut.is_set()
