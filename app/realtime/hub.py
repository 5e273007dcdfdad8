"""The sockets of one realtime process by room, and how all of a room are told at once.

Everything here runs in the loop's thread and waits for nobody: whoever reads too slowly is cut off, and the others do
not notice.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from engineio import packet as engine_packet
from engineio.async_socket import AsyncSocket
from socketio import packet

from app.realtime.channel import NAMESPACE
from app.realtime.lanes import LONGEST_QUEUE, Lane, text_frame

log = logging.getLogger(__name__)

STALLED = 10.0  # seconds a client may leave its line full


class Client:
    """One socket that was let in. `socket.lane` is its WebSocket; without one it is polling."""

    __slots__ = ("cookie", "full_since", "rooms", "sid", "socket")

    def __init__(self, sid: str, socket: AsyncSocket, cookie: dict[str, Any]) -> None:
        self.sid, self.socket, self.cookie = sid, socket, cookie
        self.rooms: set[str] = set()
        self.full_since: float | None = None

    @property
    def lane(self) -> Lane | None:
        lane: Lane | None = getattr(self.socket, "lane", None)
        return lane


class Hub:
    """Who listens where. `drop` ends a socket for good."""

    def __init__(self, drop: Callable[[AsyncSocket], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._drop, self._clock = drop, clock
        self._rooms: dict[str, dict[str, Client]] = {}
        self.clients: dict[str, Client] = {}
        self.cut_off = 0  # clients that were too slow, since the start
        self.told_at = clock()

    def enter(self, client: Client, rooms: Iterable[str]) -> None:
        self.clients[client.sid] = client
        for room in rooms:
            client.rooms.add(room)
            self._rooms.setdefault(room, {})[client.sid] = client

    def leave(self, sid: str) -> None:
        client = self.clients.pop(sid, None)
        for room in client.rooms if client else ():
            members = self._rooms[room]
            del members[sid]
            if not members:
                del self._rooms[room]

    def tell(self, room: str, event: str, message: dict[str, Any]) -> None:
        """Send one message to everybody in a room, in the order of the calls."""
        self._send(self._rooms.get(room, {}), event, message)

    def tell_all(self, event: str, message: dict[str, Any]) -> None:
        self._send(self.clients, event, message)

    def sweep(self) -> None:
        """Forget the dead, and cut off who has left a full line for too long."""
        now = self._clock()
        for client in list(self.clients.values()):
            if client.lane is None or not client.lane.full:
                client.full_since = None
            elif client.full_since is None:
                client.full_since = now
            elif now - client.full_since > STALLED:
                self._cut_off(client)
            if client.socket.closed:
                self.leave(client.sid)

    def _send(self, clients: dict[str, Client], event: str, message: dict[str, Any]) -> None:
        if not clients:
            return
        self.told_at = self._clock()
        text = packet.Packet(packet.EVENT, namespace=NAMESPACE, data=[event, message]).encode()
        waiting = engine_packet.Packet(engine_packet.MESSAGE, data=text)
        frame = text_frame(waiting.encode())
        late = []
        for client in clients.values():
            lane = getattr(client.socket, "lane", None)
            if lane is not None and lane.free:
                lane.write(frame)
            elif client.socket.queue.qsize() < LONGEST_QUEUE:
                client.socket.queue.put_nowait(waiting)
            else:
                late.append(client)
        for client in late:
            self._cut_off(client)

    def _cut_off(self, client: Client) -> None:
        log.warning("a client reads too slowly and is cut off")
        self.cut_off += 1
        self.leave(client.sid)
        self._drop(client.socket)
