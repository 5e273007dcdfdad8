"""A real server on a free port, and people who listen to it with the socket.io client, by WebSocket."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import engineio
import pytest
import requests
import socketio
import websocket
from flask import Flask, current_app

from app.tasks import relay
from tests.cabinet import NOW
from tests.served import served_with_sockets
from tests.views.browser import Clock

NAMESPACE = "/meetings"


def tell_everybody() -> int:
    """What the relay's thread does, at a moment the test chooses."""
    with current_app.app_context():
        return relay.drain(NOW)


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


class InOrder(engineio.Client):
    """The library starts a thread for each message, so that one may overtake another in the client itself."""

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        return super()._trigger_event(event, *args, **{**kwargs, "run_async": False})


class Client(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrder


class Listener:
    """A socket.io client that keeps every frame as it came over the line, and every message."""

    def __init__(
        self, address: str, cookie: str = "", origin: str | None = None, transports: tuple[str, ...] = ("websocket",)
    ) -> None:
        """`origin` is the site whose page opens the socket; our own unless told otherwise."""
        self.address, self.cookie = address, cookie
        self.frames: list[Any] = []
        self.told: list[tuple[str, Any]] = []  # everything that is no fact
        self.facts: list[dict[str, Any]] = []
        self.arrivals: list[float] = []
        options = {"origin": origin} if origin else {}
        self.http = requests.Session()
        self.http.headers["Cookie"] = f"ecabinet={cookie}"  # with every request, as a browser does
        self.client = Client(
            reconnection=False, websocket_extra_options=options,
            http_session=self.http if "polling" in transports else None,
        )  # fmt: skip
        self.client.on("fact", self._hear, namespace=NAMESPACE)
        for event in ("notice", "job", "slip", "resync", "adrift"):
            self.client.on(event, partial(self._note, event), namespace=NAMESPACE)
        self.client.eio.on("message", self._frame)
        sent = {"Cookie": f"ecabinet={cookie}"} if cookie else {}
        self.client.connect(address, headers=sent, transports=list(transports), namespaces=[NAMESPACE], wait_timeout=30)
        self.line = self.client.eio.ws

    def _frame(self, data: Any) -> None:
        self.frames.append(data)
        self.client._handle_eio_message(data)

    def _hear(self, fact: dict[str, Any]) -> None:
        self.arrivals.append(time.monotonic())
        self.facts.append(fact)

    def _note(self, event: str, message: Any) -> None:
        self.told.append((event, message))

    def join(self, meeting_id: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call("join", {"meeting_id": meeting_id}, namespace=NAMESPACE, timeout=30)
        return answer

    @property
    def connected(self) -> bool:
        return NAMESPACE in self.client.namespaces

    def names(self) -> list[str]:
        return [fact["fact"] for fact in self.facts]

    def close(self) -> None:
        if self.client.transport() == "polling":
            self.client.eio.disconnect(abort=True)  # else it waits for the end of its last poll
        self.client.disconnect()
        self.http.close()
        if self.line:
            self.line.shutdown()  # the library leaves a line open that the server has cut


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def no_waiting_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client library waits three seconds for the last word of the server; nobody needs it here."""
    close = websocket.WebSocket.close
    monkeypatch.setattr(websocket.WebSocket, "close", lambda line, *_, **__: close(line, timeout=0))


@pytest.fixture
def server(app: Flask, clock: Clock) -> Iterator[str]:
    """The address of the application, served with threads; sockets of this server hear what is emitted."""
    with served_with_sockets(app) as address:
        yield address


@pytest.fixture
def listen(app: Flask, server: str) -> Iterator[Callable[..., Listener]]:
    """A person at a device that listens; `listen("a").cookie` is what the device holds."""
    opened: list[Listener] = []

    def begin(name: str | None = None, origin: str | None = None) -> Listener:
        cookie = app.test_client().enter_as(name).cookie(app) if name else ""
        listener = Listener(server, cookie, origin)
        opened.append(listener)
        return listener

    yield begin
    for listener in opened:
        listener.close()
