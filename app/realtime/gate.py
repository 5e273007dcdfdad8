"""The door of a realtime process: a trusted host and a cookie that we signed, before anything is kept for anybody."""

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from engineio import ASGIApp
from flask import Flask
from itsdangerous import BadSignature
from werkzeug.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from app.realtime.following import Follower
from app.realtime.server import COOKIE, Sockets
from app.realtime.tidying import Tidying

log = logging.getLogger(__name__)

SWEEP = 5.0  # seconds
SESSIONS_EVERY = 3  # sweeps

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Gate:
    """The ASGI application: sockets under /socket.io/, /healthz, nothing else."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.sockets = Sockets(app)
        self.follower = Follower(app.config["REDIS_URL"], self.sockets)
        self._engine = ASGIApp(self.sockets.server, engineio_path="socket.io")
        self._tasks: list[asyncio.Task[None]] = []
        self._tidying = Tidying()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == "/healthz":
            await _answer(send, 200, self.health())
        else:
            await self._let_in(scope, receive, send)

    def health(self) -> dict[str, Any]:
        """Alive; whether announcements arrive, how many listen, how many were too slow, what was refused."""
        return {
            "redis": "up" if self.follower.up else "down", "clients": len(self.sockets.hub.clients),
            "cut_off": self.sockets.hub.cut_off, "refused": self.follower.refused,
        }  # fmt: skip

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not host_is_trusted(headers.get("host", ""), self._app.config["TRUSTED_HOSTS"]):
            await _refuse(scope, send, 400)
            return
        scope[COOKIE] = self._cookie(headers)
        if not scope[COOKIE]:
            await _refuse(scope, send, 401)
            return
        await self._engine(scope, receive, send)

    def _cookie(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What the session cookie says; empty when it was not signed by us or is too old."""
        sent = parse_cookie(headers.get("cookie", "")).get(cookie_name(self._app.config), "")
        serializer = self._app.session_interface.get_signing_serializer(self._app)  # type: ignore[attr-defined]
        oldest = int(self._app.permanent_session_lifetime.total_seconds())
        try:
            said = serializer.loads(sent, max_age=oldest)
        except BadSignature:
            return {}
        return said if isinstance(said, dict) else {}

    async def _live(self, receive: Receive, send: Send) -> None:
        """What runs beside the sockets begins and ends with the server."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._tidying.begin()
                self._tasks = [asyncio.create_task(self.follower.run()), asyncio.create_task(self._sweep())]
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _sweep(self) -> None:
        for sweep in itertools.count(1):
            await asyncio.sleep(SWEEP)
            try:
                self.sockets.sweep()
                self._tidying.look(self.sockets.hub.told_at)
                if sweep % SESSIONS_EVERY == 0:
                    await self.sockets.cut_dead_sessions()
            except Exception:  # the database may be away for a while; the next sweep tries again
                log.exception("a sweep failed")


def cookie_name(config: Mapping[str, Any]) -> str:
    """The name of the session cookie, as the pages call it (app/views/protection.py)."""
    return ("__Host-" if config["SESSION_COOKIE_SECURE"] else "") + str(config["SESSION_COOKIE_NAME"])


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await _answer(send, status, {})


async def _answer(send: Send, status: int, content: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})
