"""The fast way to many screens: one frame, built once, written to every socket that is free for it.

A socket is free when it is a WebSocket, nothing waits in its queue or is on its way out of it, and its line takes
more. Every other socket – long polling, a line that is full – takes the ordinary way through its queue, so that each
client gets its messages in order whichever way they take.

This knows the insides of python-engineio (the queue of a socket) and of uvicorn (the transport of a line); both are
pinned, and tests/realtime hold what is relied on here.
"""

import asyncio
import os
from typing import Any

from engineio.async_drivers.asgi import WebSocket
from engineio.async_socket import AsyncSocket

LONGEST_QUEUE = 200  # messages that may wait for one socket; it is cut off then, and asks for the state when it is back
UPGRADED = "5"  # Engine.IO: from here on the WebSocket carries everything


class LaneQueue(asyncio.Queue[Any]):
    """The queue of one socket; `busy` counts what was put in and is not yet written."""

    busy = 0

    def _put(self, item: Any) -> None:
        self.busy += 1
        super()._put(item)


class Lane(WebSocket):
    """The WebSocket under one socket, with a way past its queue."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.socket: AsyncSocket = handler.__self__
        self.queue: LaneQueue = self.socket.queue
        self.line: Any = None
        self.transport: Any = None
        self.number = -1  # of the open file

    async def __call__(self, environ: dict[str, Any]) -> Any:
        self.line = environ["asgi.send"].__self__  # uvicorn's side of the connection
        self.transport = self.line.transport
        self.number = self.transport.get_extra_info("socket").fileno()
        if not self.socket.connected:
            self.socket.lane = self
        return await super().__call__(environ)

    async def wait(self) -> Any:
        sent = await super().wait()
        if sent == UPGRADED and not self.socket.upgraded:
            self.queue.busy = self.queue.qsize()  # the rest went out by polling
            self.socket.lane = self
        return sent

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.queue.busy:
            self.queue.busy -= 1

    @property
    def free(self) -> bool:
        """Whether a frame may be written now without overtaking anything."""
        line, socket = self.line, self.socket
        return not self.queue.busy and socket.upgraded and not (socket.closing or self.full or line.close_sent)

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than it is told."""
        return not self.line.writable.is_set()

    def write(self, frame: bytes) -> None:
        """Write a frame at once; what the kernel does not take waits in the buffer of the transport."""
        transport, taken = self.transport, 0
        if transport.is_closing():
            return  # the number of its file may be another's by now
        if not transport.get_write_buffer_size():
            try:
                taken = os.write(self.number, frame)  # a third cheaper than the same through the transport
            except BlockingIOError:
                taken = 0
            except OSError:
                transport.abort()
                return
        if taken < len(frame):
            transport.write(frame[taken:])

    def abort(self) -> None:
        """Drop the connection at once, whatever waits in it."""
        self.transport.abort()


def text_frame(text: str) -> bytes:
    """An unmasked WebSocket text frame, as a server sends it."""
    payload = text.encode()
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455, 5.2
        return bytes((0x81, size)) + payload
    if size < 65536:  # noqa: PLR2004
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
