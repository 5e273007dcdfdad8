"""People who use the rehearsal through its proxy: pages and forms over HTTPS, and screens that listen."""

import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
import socketio

from app.demo.stage import new_nonce

NAMESPACE = "/meetings"
PATIENCE = 30.0  # seconds for one request
ASKED_AGAIN = 60.0  # seconds in which a device asks again that got no answer
PAUSE = 0.3
SERVER_FAULT = 500


class Unexpected(Exception):
    """The installation answered otherwise than it should; the sentence says where."""


class Visitor:
    """One person at one device: own cookies, own form token."""

    def __init__(self, address: str, certificate: str, name: str) -> None:
        self.address, self.name, self.token = address, name, ""
        self.http = requests.Session()
        self.http.trust_env = False  # neither a proxy nor other authorities of this shell
        self.http.verify = certificate
        self.http.headers["Referer"] = f"{address}/"

    def sign_in(self, password: str) -> "Visitor":
        self.page("/login/")
        answer = self.form("/login/", username=self.name, password=password)
        if "/login" in answer.url:
            raise Unexpected(f"{self.name} was not let in")
        self.page("/meetings/")  # the token of the new session
        return self

    def page(self, path: str) -> str:
        """A page; its form token is kept for what is sent next."""
        answer = self.checked(self.http.get(self.address + path, headers={"Accept": "text/html"}, timeout=PATIENCE))
        found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer.text

    def file(self, path: str) -> bytes:
        return self.checked(self.http.get(self.address + path, timeout=PATIENCE)).content

    def ask(self, path: str) -> dict[str, Any]:
        """What a program reads."""
        headers = {"Accept": "application/json"}
        found: dict[str, Any] = self.checked(
            self.http.get(self.address + path, headers=headers, timeout=PATIENCE)
        ).json()
        return found

    def form(self, path: str, upload: tuple[str, bytes] | None = None, **fields: Any) -> requests.Response:
        """A form as the pages send it; with `upload` (name, content) as multipart."""
        files = {"file": (upload[0], upload[1], "application/pdf")} if upload else None
        sent = {"csrf_token": self.token, **fields}
        return self.checked(self.http.post(
            self.address + path, sent, files=files, headers={"Accept": "text/html"}, timeout=PATIENCE
        ))  # fmt: skip

    def tell(self, path: str, **body: Any) -> dict[str, Any]:
        """A request as the scripts send it: asked again while nobody answers, `Unexpected` when it is refused."""
        return self._insist(path, lambda: body)

    def _insist(self, path: str, body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        headers = {"Accept": "application/json", "X-CSRFToken": self.token}
        deadline = time.monotonic() + ASKED_AGAIN
        while True:
            try:
                answer = self.http.post(self.address + path, json=body(), headers=headers, timeout=PATIENCE)
                if answer.status_code < SERVER_FAULT or time.monotonic() > deadline:
                    found: dict[str, Any] = self.checked(answer).json()
                    return found
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE)

    def prepare(self, poll_id: int, choice: str) -> str:
        """Have the text fixed, under another number with each try; the number to sign it with."""
        nonces: list[str] = []

        def body() -> dict[str, Any]:
            nonces.append(new_nonce())
            return {"choice": choice, "nonce": nonces[-1], "remark": "", "reservation": False}

        self._insist(f"/polls/{poll_id}/prepare", body)
        return nonces[-1]

    def vote(self, poll_id: int, choice: str, pin: str) -> dict[str, Any]:
        """The steps of a ballot, each asked again under the same number until there is an answer; the receipt."""
        receipt: dict[str, Any] = self.tell(
            f"/polls/{poll_id}/sign", nonce=self.prepare(poll_id, choice), pin=pin
        )["receipt"]
        return receipt

    def checked(self, answer: requests.Response) -> requests.Response:
        if not answer.ok:
            path = answer.url.removeprefix(self.address)
            said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))[:600]
            raise Unexpected(f"{self.name} {answer.request.method} {path}: {answer.status_code} {said}")
        return answer


class Screen:
    """A socket of somebody's device: it keeps what it hears, and comes back when the line was cut."""

    def __init__(self, visitor: Visitor, meeting_id: int, transports: tuple[str, ...] = ("websocket",)) -> None:
        self.visitor, self.meeting_id = visitor, meeting_id
        self.facts: list[dict[str, Any]] = []
        self.gaps: list[int] = []  # after how many facts the line was away
        self.joined = threading.Event()
        self.http = requests.Session()  # a lane of its own: the cookie of this device without that of its pages
        self.http.trust_env = False
        self.http.verify = visitor.http.verify
        self.http.cookies.update(
            {each.name: each.value or "" for each in visitor.http.cookies if each.name != "ecabinet_lane"}
        )
        self.http.cookies.set("ecabinet_lane", new_nonce())
        self.client = socketio.Client(
            http_session=self.http, reconnection_delay=0.5, reconnection_delay_max=2, handle_sigint=False
        )
        self.client.on("fact", self.facts.append, namespace=NAMESPACE)
        self.client.on("connect", self._join, namespace=NAMESPACE)
        self.client.on("resync", lambda _nothing: self.gaps.append(len(self.facts)), namespace=NAMESPACE)
        self.client.connect(
            visitor.address, transports=list(transports), namespaces=[NAMESPACE], wait_timeout=PATIENCE, retry=True
        )

    def _join(self) -> None:
        self.client.emit("join", {"meeting_id": self.meeting_id}, namespace=NAMESPACE, callback=self._joined)

    def _joined(self, answer: dict[str, Any]) -> None:
        if not answer.get("ok"):
            return
        if self.joined.is_set():
            self.gaps.append(len(self.facts))
        self.joined.set()

    def heard(self, fact: str) -> bool:
        return any(each["fact"] == fact for each in self.facts)

    def knows(self, fact: str, version: int) -> bool:
        """Whether it heard of what led to this state of the meeting, or was away and sees it now."""
        return self.heard(fact) or self._sees(version)

    def is_as_new_as(self, version: int) -> bool:
        return max((int(each["version"]) for each in self.facts), default=0) >= version or self._sees(version)

    def _sees(self, version: int) -> bool:
        """Whether the line was away just then, and the state is shown now that it is back: a page asks for it, too."""
        versions = [int(each["version"]) for each in self.facts]
        away = any(
            max(versions[:gap], default=0) < version < min(versions[gap:], default=sys.maxsize) for gap in self.gaps
        )
        return away and int(self.visitor.ask(f"/meetings/{self.meeting_id}/snapshot")["meeting"]["version"]) >= version

    def told(self) -> str:
        """What it heard, in order, and after how many facts its line was away; for whoever misses something."""
        facts = ", ".join(f"{each['fact']} {each['version']}" for each in self.facts)
        return f"{self.visitor.name} ({self.client.transport()}) heard {facts}; away after {self.gaps}"

    def close(self) -> None:
        if self.client.connected and self.client.transport() == "polling":
            self.client.eio.disconnect(abort=True)  # else it waits for the end of its last poll
        self.client.shutdown()  # also when it is just trying to come back
        self.http.close()


def until(condition: Callable[[], Any], about: str | Callable[[], str], seconds: float = 60.0) -> Any:
    """Wait for something; `Unexpected` when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Unexpected(f"did not happen within {seconds:g} s: {about() if callable(about) else about}")
        time.sleep(0.05)
    return found

