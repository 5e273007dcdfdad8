"""The sockets of a production: python-socketio on one event loop, with the fast way of app/realtime/lanes.py.

Questions to the database are asked in a few threads beside the loop, so that a broadcast never waits for them.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import engineio
import socketio
from engineio.async_socket import AsyncSocket
from flask import Flask

from app.realtime import listening
from app.realtime.channel import BALLOT, MEETING, NAMESPACE, Announcement, Cut
from app.realtime.folding import Folding
from app.realtime.hub import Client, Hub
from app.realtime.lanes import Lane, LaneQueue
from app.realtime.listening import PATIENCE, PING, PONG, lines
from app.views.actor import now

log = logging.getLogger(__name__)

THREADS = 4
LARGEST = 16384  # bytes of a message from a client
COOKIE = "ecabinet.cookie"  # where the gate leaves the content of the session cookie in the connection's scope

Found = TypeVar("Found")


class Engine(engineio.AsyncServer):
    """Engine.IO whose sockets have lanes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._async: dict[str, Any] = {**self._async, "websocket": Lane}

    def create_queue(self, *_args: Any, **_kwargs: Any) -> LaneQueue:
        return LaneQueue()


class Server(socketio.AsyncServer):
    """Same origin only; small messages, one after the other for each socket, so that nobody can start a flood."""

    def __init__(self) -> None:
        super().__init__(
            async_mode="asgi", async_handlers=False, cors_allowed_origins=None, max_http_buffer_size=LARGEST,
            namespaces=[NAMESPACE], ping_interval=PING, ping_timeout=PONG,
        )  # fmt: skip

    def _engineio_server_class(self) -> type[Engine]:
        return Engine


class Listening(socketio.AsyncNamespace):
    """The namespace /meetings: connect, join, nothing else; the same rules as app/realtime/connect.py."""

    def __init__(self, app: Flask, hub: Hub) -> None:
        super().__init__(NAMESPACE)
        self._app, self._hub = app, hub
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="listening")
        self.live = False  # whether announcements arrive; told to whoever joins

    async def trigger_event(self, event: Any, *args: Any) -> Any:
        """Odd and unknown events are counted like any other and otherwise ignored."""
        sid = args[0]
        if event in ("connect", "disconnect") and not self.server.manager.is_connected(sid, NAMESPACE):
            return await self._enter(sid, args[1]) if event == "connect" else self._leave(sid)
        left = lines.take(sid)
        if left < -PATIENCE:
            await self.server.disconnect(sid, namespace=NAMESPACE)
        if left < 0:
            return {"ok": False, "code": "too_fast"}
        return await self._join(sid, args[1:]) if event == "join" else None

    async def ask(self, question: Callable[..., Found], *about: Any) -> Found:
        """Ask something of the database, in a thread of its own."""

        def asked() -> Found:
            with self._app.app_context():
                return question(*about)

        return await asyncio.get_running_loop().run_in_executor(self._pool, asked)

    async def _enter(self, sid: str, environ: dict[str, Any]) -> bool:
        """Refuse whoever has no living session. Nothing is waited for after the rooms are entered: the answer comes
        before whatever is told there."""
        cookie = environ["asgi.scope"][COOKIE]
        try:
            listener = await self.ask(listening.listener_of, cookie)
        except Exception:
            log.exception("nobody could be let in")
            return False
        socket = self._socket(sid)
        if listener is None or socket is None or socket.closed or not lines.add(sid, listener):
            return False
        self._hub.enter(Client(sid, socket, cookie), listener.rooms)
        return True

    def _leave(self, sid: str) -> None:
        lines.remove(sid)
        self._hub.leave(sid)

    async def _join(self, sid: str, sent: tuple[Any, ...]) -> listening.Answer:
        client = self._hub.clients.get(sid)
        if client is None:
            return {"ok": False, "code": "not_signed_in"}
        try:
            answer, room = await self.ask(listening.join, client.cookie, sent)
        except Exception:
            log.exception("nobody could join")
            return {"ok": False, "code": "unanswered"}
        if room and sid in self._hub.clients:
            self._hub.enter(client, (room,))
        elif answer.get("code") == "not_signed_in":
            await self.server.disconnect(sid, namespace=NAMESPACE)
        return {**answer, "live": self.live} if answer["ok"] else answer

    def _socket(self, sid: str) -> AsyncSocket | None:
        manager = self.server.manager
        found: AsyncSocket | None = self.server.eio.sockets.get(manager.eio_sid_from_sid(sid, NAMESPACE))
        return found


class Sockets:
    """All of it together: what is announced goes out, who has to go is cut, the dead are swept up."""

    def __init__(self, app: Flask) -> None:
        self.server = Server()
        self.hub = Hub(drop)
        self.listening = Listening(app, self.hub)
        self.server.register_namespace(self.listening)
        self._folding = Folding(self._tell, self._later)
        self._strangers: set[str] = set()

    async def hear(self, what: Announcement | Cut) -> None:
        """Carry out what came over the channel."""
        if isinstance(what, Cut):
            await self.cut(lines.concerned(what))
        elif what.kind == MEETING and what.message["fact"] == BALLOT:
            self._folding.hear(what.message)
        else:
            if what.kind == MEETING:
                self._folding.settle(what.message.get("poll_id"))
            self.hub.tell(what.room, what.event, what.message)

    def drift(self) -> None:
        """Announcements do not arrive any more: the screens look for themselves until `resync`."""
        self.listening.live = False
        self.hub.tell_all("adrift", {})

    def resync(self) -> None:
        """Announcements arrive from now on; what was missed is in the state that every screen asks for."""
        self.listening.live = True
        self.hub.tell_all("resync", {})

    async def cut(self, sids: list[str]) -> None:
        for sid in sids:
            await self.server.disconnect(sid, namespace=NAMESPACE)

    async def cut_dead_sessions(self) -> None:
        """Cut the sockets whose session ended or was outlived without anybody telling us."""
        await self.cut(await self.listening.ask(lambda: lines.dead(now())))

    def sweep(self) -> None:
        """Every few seconds: slow clients, and connections on which nobody has introduced himself since last time."""
        self.hub.sweep()
        known = {client.socket.sid for client in self.hub.clients.values()}
        strangers = set(self.server.eio.sockets) - known
        for sid in strangers & self._strangers:
            drop(self.server.eio.sockets[sid])
        self._strangers = strangers

    def _tell(self, meeting_id: int, message: dict[str, Any]) -> None:
        announcement = Announcement(MEETING, meeting_id, message)
        self.hub.tell(announcement.room, announcement.event, message)

    @staticmethod
    def _later(seconds: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, call)


_ending: set[asyncio.Task[None]] = set()  # held until they are done


def drop(socket: AsyncSocket) -> None:
    """End a socket at once, whatever waits in it."""
    lane: Lane | None = getattr(socket, "lane", None)
    if lane is not None:
        lane.abort()
        return
    task = asyncio.ensure_future(socket.close(wait=False, abort=True))
    _ending.add(task)
    task.add_done_callback(_ending.discard)
