"""A running installation of the tests' own, and people who use it over plain HTTP."""

import http.client
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.cabinet import PASSWORD, PIN
from tests.conftest import nonce_of
from tests.servers import Account, Process

ROOT = Path(__file__).parents[1]
HOUSE = "tests.house"
TROUBLE = re.compile(r"Traceback|\bERROR\b|\bCRITICAL\b")
NO_ANSWER = (URLError, http.client.HTTPException, OSError)  # the act was done, or it was not


class Web(Process):
    """The embedded installation in a process of its own, with all its files in a folder that goes with it."""

    def __init__(self, **settings: str) -> None:
        super().__init__("web", Account(None, None))
        self.var = self.folder / "var"
        self.var.mkdir()
        self.settings = {
            "ECABINET_VAR": str(self.var), "ECABINET_SECRET_KEY": "w" * 40, "PORT": str(self.port),
            "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings,
        }  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self, what: str, **settings: str) -> None:
        """Run a deed of tests/house.py to its end; `settings` are for this once."""
        before, self.settings = self.settings, self.settings | settings
        try:
            self._run(sys.executable, "-m", HOUSE, what)
        finally:
            self.settings = before

    def command(self, *arguments: str) -> "CompletedProcess[str]":
        """Run a command of `flask` on this installation."""
        command = [sys.executable, "-m", "flask", "--app", "run", *arguments]
        return run(command, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False)

    def furnish(self, var: Path) -> None:
        """Begin with a copy of the files of another installation."""
        shutil.copytree(var, self.var, dirs_exist_ok=True)

    def start(self, module: str = HOUSE) -> "Web":
        """Serve until `stop`, or until something kills it; what it says is kept in `log`."""
        self._launch([sys.executable, "-m", module, "serve"], self.answers)
        return self

    def halt(self) -> None:
        """End the process and keep its files; `start` brings it back on the same port."""
        self._end(b"keep")

    def answers(self) -> bool:
        """Whether the sign-in page comes."""
        try:
            build_opener().open(f"{self.url}/login/", timeout=5).close()
        except NO_ANSWER:
            return False
        return True

    def wait_until_it_answers(self) -> None:
        self._wait(self.answers, "answer")

    def troubles(self) -> list[str]:
        """Lines of its log that tell of a fault of the server, each traceback with what was raised."""
        found, inside = [], False
        for line in self.log.read_text(errors="replace").splitlines():
            if TROUBLE.search(line) or (inside and not line.startswith(" ")):
                found.append(line)
                inside = line.startswith("Traceback")
        return found

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"LC_ALL": "C.UTF-8"} | self.settings


@dataclass
class Answer:
    """What came back: `body` is the JSON of a program's request, and {} for pages and files."""

    status: int
    content: bytes
    url: str
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


class Caller:
    """Somebody without a browser: own cookies, own form token; refusals are answers, a broken line is an exception."""

    def __init__(self, url: str, name: str, timeout: float = 30) -> None:
        self.url, self.name, self.timeout, self.token = url, name, timeout, ""
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def sign_in(self, password: str = PASSWORD) -> "Caller":
        self.get("/login/")
        answer = self.post("/login/", username=self.name, password=password)
        assert "/login" not in answer.url, f"{self.name} was not let in"
        self.get("/meetings/")  # the token of the new session
        return self

    def get(self, path: str) -> Answer:
        """A page; its form token is kept for what is sent next."""
        answer = self._send(path, None, {"Accept": "text/html"})
        found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    def ask(self, path: str) -> Answer:
        """A request of a program: JSON comes back."""
        return self._send(path, None, {"Accept": "application/json"})

    def post(self, path: str, **form: object) -> Answer:
        """A form as the pages send it."""
        sent = urlencode({"csrf_token": self.token, **form}, doseq=True).encode()
        return self._send(path, sent, {"Accept": "text/html", "Referer": self.url})

    def tell(self, path: str, **body: object) -> Answer:
        """A request as the scripts of the pages send it."""
        headers = {"Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": self.token}
        return self._send(path, json.dumps(body).encode(), headers | {"Referer": self.url})

    def check_in(self, meeting_id: int, presence: str = "in_room") -> None:
        assert self.post(f"/meetings/{meeting_id}/presence", presence=presence).status == 200

    def prepare(self, poll_id: int, choice: str = "agree", nonce: str = "") -> str:
        """Have the text fixed by the server; the nonce to sign it with."""
        nonce = nonce or nonce_of(f"{self.name}-{choice}-{poll_id}")
        answer = self.tell(f"/polls/{poll_id}/prepare", choice=choice, nonce=nonce, remark="", reservation=False)
        assert answer.status == 200, answer.body
        return nonce

    def sign(self, poll_id: int, nonce: str, pin: str = PIN) -> Answer:
        return self.tell(f"/polls/{poll_id}/sign", nonce=nonce, pin=pin)

    def vote(self, poll_id: int, choice: str = "agree") -> dict[str, Any]:
        """The three steps of a ballot; the receipt."""
        answer = self.sign(poll_id, self.prepare(poll_id, choice))
        assert answer.status == 200, answer.body
        return answer.body["receipt"]

    def _send(self, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        request = Request(self.url + path, data, headers)  # noqa: S310 - our own server
        try:
            response = self._opener.open(request, timeout=self.timeout)
        except HTTPError as refusal:
            response = refusal
        with response:
            content = response.read()
            json_sent = "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, content, response.url, json.loads(content) if json_sent else {})


def full() -> bool:
    """Whether every repetition is wanted (`make test-full`)."""
    return os.environ.get("ECABINET_TEST_FULL") == "1"
