"""The fast way to many screens: one frame, built once, written to every socket that is free for it.

A socket is free when it is a WebSocket, nothing waits in its queue or is on its way out of it, and its line takes
more. Every other socket – long polling, a line that is full – takes the ordinary way through its queue, so that each
client gets its messages in order whichever way they take.

This knows the insides of python-engineio (the queue of a socket) and of uvicorn (the transport of a line); both are
pinned, and tests/realtime hold what is relied on here.
"""

import asyncio
from typing import Any

from engineio.async_drivers.asgi import WebSocket
from engineio.async_socket import AsyncSocket

LONGEST_QUEUE = 200  # messages that may wait for one socket; it is cut off then, and asks for the state when it is back
UPGRADED = "5"  # Engine.IO: from here on the WebSocket carries everything


class LaneQueue(asyncio.Queue[Any]):
    """The queue of one socket; `taken` counts what was taken out and is not yet written."""

    taken = 0

    def _get(self) -> Any:
        self.taken += 1
        return super()._get()


class Lane(WebSocket):
    """The WebSocket under one socket, with a way past its queue."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.socket: AsyncSocket = handler.__self__
        self.queue: LaneQueue = self.socket.queue
        self.line: Any = None

    async def __call__(self, environ: dict[str, Any]) -> Any:
        self.line = environ["asgi.send"].__self__  # uvicorn's side of the connection
        self.socket.lane = self
        return await super().__call__(environ)

    async def wait(self) -> Any:
        sent = await super().wait()
        if sent == UPGRADED and not self.socket.upgraded:
            self.queue.taken = 0  # what was taken so far went out by polling
        return sent

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.queue.taken:
            self.queue.taken -= 1

    @property
    def free(self) -> bool:
        """Whether a frame may be written now without overtaking anything."""
        return self.open and not self.queue.taken and self.queue.empty() and self.line.writable.is_set()

    @property
    def open(self) -> bool:
        return self.socket.upgraded and not (self.socket.closing or self.line.close_sent or self.line.disconnected)

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than it is told."""
        return not self.line.writable.is_set()

    def write(self, frame: bytes) -> None:
        self.line.transport.write(frame)

    def abort(self) -> None:
        """Drop the connection at once, whatever waits in it."""
        self.line.transport.abort()


def text_frame(text: str) -> bytes:
    """An unmasked WebSocket text frame, as a server sends it."""
    payload = text.encode()
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455, 5.2
        return bytes((0x81, size)) + payload
    if size < 65536:  # noqa: PLR2004
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
