"""A client that costs next to nothing: prepared requests over kept connections, one thread, answers only counted."""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PATIENCE = 30.0
Address = tuple[str, int]


@dataclass
class Answers:
    """What came back: seconds of each answer, bodies, how many of each status, and how long all of it took."""

    seconds: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    spent: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.spent


class _Line:
    """One kept connection with at most one request under way."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun, self.received = 0.0, bytearray()

    def send(self, request: bytes) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        self.received += part
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = int(self.received[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self.received) < end + 4 + length:
            return None
        status, body = int(self.received[9:12]), bytes(self.received[end + 4 :])
        self.received = bytearray()
        return status, body


def send_all(addresses: Sequence[Address], requests: Iterable[bytes], clients: int) -> Answers:
    """Each request once, by that many clients at a time, spread evenly over the addresses."""
    waiting, answers = deque(requests), Answers()
    lines = [_Line(addresses[number % len(addresses)]) for number in range(min(clients, len(waiting)))]
    with selectors.DefaultSelector() as ready:
        begun = time.perf_counter()
        for line in lines:
            ready.register(line.socket, selectors.EVENT_READ, line)
            line.send(waiting.popleft())
        under_way = len(lines)
        while under_way:
            events = ready.select(PATIENCE)
            if not events:
                raise TimeoutError("no answer came")
            for key, _mask in events:
                under_way -= _take(key.data, waiting, answers)
        answers.spent = time.perf_counter() - begun
    for line in lines:
        line.socket.close()
    return answers


def _take(line: _Line, waiting: deque[bytes], answers: Answers) -> int:
    """Note a whole answer and send the next request; 1 when nothing is left for this line."""
    answer = line.receive()
    if answer is None:
        return 0
    status, body = answer
    answers.seconds.append(time.perf_counter() - line.begun)
    answers.bodies.append(body)
    answers.statuses[status] = answers.statuses.get(status, 0) + 1
    if not waiting:
        return 1
    line.send(waiting.popleft())
    return 0
