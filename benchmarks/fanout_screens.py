"""Many screens in one cheap process: raw WebSockets under epoll, which speak just enough Socket.IO to listen.

`python -m benchmarks.fanout_screens JSON`: commands come on standard input, one answer in JSON for each:
`connect N` (have so many in all), `events N` (one after the other, each timed to the last screen), `burst N` (as fast
as Redis takes them), `listen MS` (to what others announce). The frames of an event carry its number as "version";
every screen must get each once, in order.
"""

import contextlib
import json
import os
import re
import select
import socket
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

GROUP = 50  # screens that connect side by side
PATIENCE = 15.0  # seconds for the last screen to hear of an event
REST = 0.03  # seconds between two events
VERSION = re.compile(rb'"version":(\d+)')
PING, PONG, OPENED, ACK = b"2", b"3", b"40/meetings,", b"43/meetings,"
SMALL = 130  # bytes; an event is larger
HEAD, LONG_HEAD, LONG, TEXT = 2, 4, 126, 0x81  # RFC 6455, 5.2
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PAD = "x" * 180  # an event has about three hundred bytes


@dataclass
class Screen:
    """One connection; `rest` is the beginning of a frame, `heard` the events as they came."""

    line: socket.socket
    rest: bytes = b""
    heard: list[bytes] = field(default_factory=list)

    def texts(self, sent: bytes) -> list[bytes]:
        """The whole text frames in what has arrived; a line that was closed ends the measurement."""
        if not sent:
            raise RuntimeError("a screen was cut off")
        data, found = self.rest + sent, []
        while len(data) >= LONG_HEAD or (len(data) >= HEAD and data[1] != LONG):
            head = LONG_HEAD if data[1] == LONG else HEAD
            end = head + (int.from_bytes(data[HEAD:LONG_HEAD], "big") if data[1] == LONG else data[1])
            if len(data) < end:
                break
            if data[0] != TEXT:
                raise RuntimeError(f"a frame of another kind: {data[:20]!r}")
            found.append(data[head:end])
            data = data[end:]
        self.rest = data
        return found

    def wait_for(self, start: bytes) -> bytes:
        """The next text that begins so, while the line still blocks."""
        while True:
            for text in self.texts(self.line.recv(65536)):
                if text.startswith(start):
                    return text

    def say(self, text: bytes) -> None:
        """A masked frame (with a mask of zeros)."""
        self.line.send(bytes((TEXT, 0x80 | len(text))) + b"\0\0\0\0" + text)


class Screens:
    """`wanted`: {ports, path, socketio, cookies, meeting_id, redis (port)}."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted, self.version, self.checked = wanted, 0, 0
        self.screens: dict[int, Screen] = {}
        self.readers: dict[int, tuple[Callable[..., int], Callable[[bytes], None], Screen]] = {}
        self.room = memoryview(bytearray(65536))
        self.poll = select.epoll()
        self.redis = socket.create_connection(("127.0.0.1", wanted["redis"]))

    def connect(self, count: int) -> dict[str, float]:
        begun, had = time.perf_counter(), len(self.screens)
        while len(self.screens) < count:
            self._connect_group(min(GROUP, count - len(self.screens)))
            while self.poll.poll(0):
                self._once(0)  # pings want their answers meanwhile
        return {"per_second": (count - had) / (time.perf_counter() - begun)}

    def close(self) -> None:
        for screen in self.screens.values():
            screen.line.close()
        self.poll.close()
        self.redis.close()

    def events(self, count: int) -> dict[str, float]:
        """Milliseconds to the last screen, and of this process's time."""
        took = []
        cpu = time.process_time()
        for _each in range(count):
            begun = time.perf_counter()
            self._publish(1)
            took.append((self._hear(len(self.screens)) - begun) * 1000)
            self._listen_for(REST)
        spent = (time.process_time() - cpu) * 1000 / count
        return {"median": statistics.median(took), "slowest": max(took), "own_cpu": spent, **self._oracle()}

    def burst(self, count: int) -> dict[str, float]:
        begun = time.perf_counter()
        self._publish(count)
        end = self._hear(len(self.screens) * count)
        return {"per_second": len(self.screens) * count / (end - begun), **self._oracle()}

    def listen(self, milliseconds: int) -> dict[str, float]:
        """How much the screens heard that heard least and most of what others announced."""
        self._listen_for(milliseconds / 1000)
        heard = [len(screen.heard) for screen in self.screens.values()]
        for screen in self.screens.values():
            screen.heard.clear()
        return {"least": min(heard), "most": max(heard)}

    def _connect_group(self, count: int) -> None:
        ports, cookies = self.wanted["ports"], self.wanted["cookies"]
        group = []
        for number in range(len(self.screens), len(self.screens) + count):
            line = socket.create_connection(("127.0.0.1", ports[number % len(ports)]))
            line.settimeout(60)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            cookie = f"Cookie: {cookies[number % len(cookies)]}\r\n" if cookies else ""
            line.send(
                f"GET {self.wanted['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{cookie}\r\n".encode()
            )
            group.append(Screen(line))
        for screen in group:
            head = b""
            while b"\r\n\r\n" not in head:
                got = screen.line.recv(4096)
                head += got
                if not got:
                    break
            if b" 101 " not in head:
                raise RuntimeError(f"refused: {head[:200]!r}")
            screen.rest = head.partition(b"\r\n\r\n")[2]
        if self.wanted["socketio"]:
            self._introduce(group)
        for screen in group:
            screen.line.setblocking(False)
            self.screens[screen.line.fileno()] = screen
            self.readers[screen.line.fileno()] = (screen.line.recv_into, screen.heard.append, screen)
            self.poll.register(screen.line.fileno(), select.EPOLLIN)

    def _introduce(self, group: list[Screen]) -> None:
        for screen in group:
            screen.say(OPENED)
        for screen in group:
            screen.wait_for(OPENED)
            screen.say(b'42/meetings,0["join",{"meeting_id":%d}]' % self.wanted["meeting_id"])
        for screen in group:
            answer = screen.wait_for(ACK)
            if b'"ok":true' not in answer:
                raise RuntimeError(f"not let in: {answer!r}")

    def _publish(self, count: int) -> None:
        """To Redis, without waiting for its answer."""
        sent = b""
        for _each in range(count):
            self.version += 1
            meeting_id = self.wanted["meeting_id"]
            fact = {"fact": "ItemMoved", "meeting_id": meeting_id, "version": self.version, "poll_id": None, "pad": PAD}
            content = {"kind": "meeting", "about": meeting_id, "message": fact}
            text = json.dumps(content, separators=(",", ":")).encode()
            sent += b"*3\r\n$7\r\nPUBLISH\r\n$13\r\necabinet:live\r\n$%d\r\n%s\r\n" % (len(text), text)
        self.redis.sendall(sent)

    def _hear(self, wanted: int) -> float:
        """When the last of so many messages arrived."""
        left, last, deadline = wanted, 0.0, time.perf_counter() + PATIENCE
        while left > 0 and time.perf_counter() < deadline:
            heard = self._once(0.5)
            if heard:
                left, last = left - heard, time.perf_counter()
        return last

    def _listen_for(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._once(left)
        with contextlib.suppress(BlockingIOError):
            self.redis.recv(65536, socket.MSG_DONTWAIT)

    def _once(self, seconds: float) -> int:
        """Read what is there; how many events it was. A single event is only put aside: what it says can wait."""
        count, readers, room = 0, self.readers, self.room
        for number, _event in self.poll.poll(seconds):
            read, aside, screen = readers[number]
            got = read(room)
            if got > SMALL and room[1] == LONG and (room[2] << 8 | room[3]) == got - LONG_HEAD and not screen.rest:
                aside(bytes(room[:got]))
                count += 1
            else:
                count += self._take(screen, bytes(room[:got]))
        return count

    def _take(self, screen: Screen, sent: bytes) -> int:
        """The slower way: several frames, parts of one, or something else than an event."""
        count = 0
        for text in screen.texts(sent):
            if VERSION.search(text):
                screen.heard.append(text)
                count += 1
            elif text == PING:
                screen.say(PONG)
        return count

    def _oracle(self) -> dict[str, float]:
        """What was lost, came twice or out of order since the last look."""
        self._listen_for(0.05)
        lost = disordered = 0
        wanted = set(range(self.checked + 1, self.version + 1))
        for screen in self.screens.values():
            numbers = [int(found[1]) for text in screen.heard if (found := VERSION.search(text))]
            lost += len(wanted - set(numbers))
            disordered += sum(b <= a for a, b in pairwise(numbers))
            screen.heard.clear()
        self.checked = self.version
        return {"lost": lost, "disordered": disordered}


def main() -> None:
    screens = Screens(json.loads(sys.argv[1]))
    for line in sys.stdin:
        name, _, number = line.partition(" ")
        answer = getattr(screens, name)(int(number))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    os._exit(0)  # the sockets close with the process


if __name__ == "__main__":
    main()
