"""The session of 24/06/2019 held again over HTTPS and sockets: every act goes through the proxy, as in the hall.

Twenty-one members in the room and four elsewhere agree, two cast no ballot; of the vote a Resolution comes that is
signed, numbered, sealed, promulgated, and found valid by anybody who has its file checked.
"""

import argparse
import datetime as dt
import json
import re
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.demo import papers
from app.demo.loader import PASSWORD, PIN
from app.demo.playing import REMOTE
from app.demo.presets import G2025_10
from app.demo.stage import new_nonce
from app.demo.voting_cases import SILENT
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.typed_draft import write_form
from deploy.cluster.visitor import Screen, Unexpected, Visitor, until

MEMBERS = [figure.handle for figure in G2025_10.government.figures if figure.signs]
HEAD, CLERK, RECORDS = "thutuong", "chuyenvien", "vanthu"
AT_ONCE = 8  # members who press at the same time
SCREENS = 8
MOST_DEVICES = 20  # until chance has reached every process
SOON = dt.timedelta(minutes=20)
TOLD = ("MeetingOpened", "PollOpened", "PollClosed", "PollPublished")


class Session:
    """One session of the Government through the proxy: people, screens, and the seconds that each step took."""

    def __init__(self, state: dict[str, Any], members: Sequence[str]) -> None:
        self.state, self.members = state, list(members)
        self.people: dict[str, Visitor] = {}
        self.screens: list[Screen] = []
        self.seconds: dict[str, float] = {}
        self.meeting_id = self.item_id = self.poll_id = self.resolution_id = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)

    def close(self) -> None:
        for screen in self.screens:
            screen.close()
        self.screens.clear()
        for person in self.people.values():
            person.http.close()

    @property
    def voters(self) -> list[str]:
        return [name for name in self.members if name not in SILENT]

    def come(self) -> None:
        """Everybody signs in, a few at a time: a password is dear by design."""
        names = [*self.members, CLERK, RECORDS]
        visitors = [Visitor(self.state["address"], self.state["certificate"], name) for name in names]
        with self.step("sign_in"), ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda visitor: visitor.sign_in(PASSWORD), visitors))
        self.people = dict(zip(names, visitors, strict=True))

    def prepare(self, title: str) -> None:
        """The clerk: meeting, item, a paper that is uploaded, the draft that is typed, the invitation."""
        clerk = self.people[CLERK]
        with self.step("prepare"):
            starts = (dt.datetime.now(HANOI) + SOON).strftime("%d/%m/%Y %H:%M")
            body = found(clerk.page("/records/meetings/add"), r'name="body_id"[^>]*?value="(\d+)"')
            made = clerk.form(
                "/records/meetings/add", body_id=body, title=title, kind="thematic", starts_at=starts,
                planned_minutes="10", place="Phòng họp Chính phủ", conference_url="",
            )  # fmt: skip
            self.meeting_id = int(found(made.url, r"/records/meetings/(\d+)"))
            item = clerk.form(
                "/records/items/add", meeting_id=self.meeting_id, title=papers.ITEM, kind="decision",
                planned_minutes="10", organisation_id="", summary="",
            )  # fmt: skip
            self.item_id = int(found(item.text, r'id="item-(\d+)"'))
            number = f"Tờ trình số {papers.SYMBOL}"
            paper = {"kind": "submission", "title": number, "secrecy": "none", "paper_number": ""}
            begun = clerk.form("/records/papers/add", None, item_id=self.item_id, **paper)
            document_id = found(begun.url, r"document_id=(\d+)")
            clerk.form("/records/versions/add", ("to-trinh.pdf", papers.submission()), document_id=document_id)
            clerk.form(f"/items/{self.item_id}/draft-text", None, version=0, **write_form(papers.draft_text()))
            clerk.form(f"/records/meetings/{self.meeting_id}/invite")

    def watch(self) -> None:
        """Screens by socket and by polling, on every realtime process."""
        with self.step("screens"):
            for number in range(SCREENS):
                transports = ("polling",) if number % 4 == 3 else ("websocket",)  # noqa: PLR2004
                self.screens.append(self.screen(self.members[number % len(self.members)], transports))
            for port in self.state["realtime"]:
                self._reach(port)

    def screen(self, name: str, transports: tuple[str, ...] = ("websocket",)) -> Screen:
        return self._screen(name, self.people[name], transports)

    def _screen(self, name: str, visitor: Visitor, transports: tuple[str, ...]) -> Screen:
        screen = Screen(visitor, self.meeting_id, transports)
        if not screen.joined.wait(30):
            raise Unexpected(f"the socket of {name} was not let into the meeting")
        return screen

    def _reach(self, port: int) -> None:
        """The proxy deals browsers out by chance: further devices come until this process has one, too."""
        name = self.members[0]
        for device in range(MOST_DEVICES):
            if clients_of(port):
                return
            visitor = Visitor(self.state["address"], self.state["certificate"], name)
            visitor.sign_in(PASSWORD)
            self.people[f"{name}, device {device} for {port}"] = visitor
            self.screens.append(self._screen(name, visitor, ("websocket",)))
        until(lambda: clients_of(port), f"clients of the realtime process {port}")

    def gather(self) -> None:
        """Those who come answer, and check in where they are."""
        with self.step("check_in"), ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._check_in, self.voters))

    def _check_in(self, name: str) -> None:
        where = "remote" if name in REMOTE else "in_room"
        self.people[name].form(f"/meetings/{self.meeting_id}/answer", reply=where)
        self.people[name].form(f"/meetings/{self.meeting_id}/presence", presence=where)

    def open_vote(self) -> None:
        head = self.people[HEAD]
        with self.step("open"):
            head.tell(f"/meetings/{self.meeting_id}/open")
            head.tell(f"/items/{self.item_id}/open")
            self.poll_id = head.tell(f"/items/{self.item_id}/vote")["poll"]["id"]

    def vote(self) -> list[dict[str, Any]]:
        """Everybody prepares, enters the PIN and has a receipt."""
        with self.step("vote"), ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda name: self.people[name].vote(self.poll_id, "agree", PIN), self.voters))

    def publish(self) -> dict[str, Any]:
        """Close and publish; the figures as every screen has them."""
        head = self.people[HEAD]
        with self.step("publish"):
            head.tell(f"/polls/{self.poll_id}/close")
            result: dict[str, Any] = head.tell(f"/polls/{self.poll_id}/publish")["poll"]["result"]
        return result

    def issue(self) -> str:
        """Draft, signature, number, seal, promulgation; the number."""
        clerk, head, records = (self.people[name] for name in (CLERK, HEAD, RECORDS))
        with self.step("draft"):
            drafted = clerk.http.post(
                f"{clerk.address}/polls/{self.poll_id}/resolution",
                {"csrf_token": clerk.token, "then": "present"}, headers={"Accept": "application/json"}, timeout=60,
            )  # fmt: skip
            self.resolution_id = clerk.checked(drafted).json()["id"]
        here = f"/resolutions/{self.resolution_id}"
        with self.step("sign"):
            sha256 = found(head.page(f"{here}/sign"), r'data-file="([0-9a-f]{64})"')
            head.tell(f"{here}/sign", file_sha256=sha256, nonce=new_nonce(), pin=PIN, changes_seen=False)
        with self.step("seal"):
            number: str = records.tell(f"{here}/issue", nonce=new_nonce(), pin=PIN)["number"]
        with self.step("promulgate"):
            choices = re.findall(r'name="organisations" value="(\d+)"', records.page(f"{here}/issue"))
            records.form(f"{here}/promulgate", organisations=choices)
        return number

    def expect_told(self, facts: Sequence[str]) -> None:
        """Every screen knows of these, and is as new as the meeting.

        Two web processes may announce two acts in either order; a screen goes by the highest version.
        """
        happened = {fact: until(lambda: self._version_of(fact), f"somebody hears {fact}") for fact in facts}  # noqa: B023
        version = self.people[HEAD].ask(f"/meetings/{self.meeting_id}/snapshot")["meeting"]["version"]
        for screen in self.screens:
            for fact, at in happened.items():
                until(lambda: screen.knows(fact, at), lambda: f"{fact} {at}: {screen.told()}")  # noqa: B023
            until(lambda: screen.is_as_new_as(version), lambda: f"version {version}: {screen.told()}")  # noqa: B023

    def _version_of(self, fact: str) -> int:
        """The state that something led to, as the screens heard of it; 0 while none has."""
        heard = [int(each["version"]) for screen in self.screens for each in screen.facts if each["fact"] == fact]
        return min(heard, default=0)

    def check_in_public(self) -> str:
        """Anybody, without an account, has the file checked; the verdict."""
        document = self.people[HEAD].file(f"/resolutions/{self.resolution_id}/file?save=1")
        anybody = Visitor(self.state["address"], self.state["certificate"], "anybody")
        anybody.http.headers["Origin"] = self.state["address"]
        with self.step("verify"):
            verdict = found(anybody.form("/xac-minh/", ("nghi-quyet.pdf", document)).text, r'data-verdict="(\w+)"')
        anybody.http.close()
        return verdict


def hold(session: Session) -> str:
    """All of it; a short account. `Unexpected` when the installation answers otherwise than it should."""
    session.come()
    session.prepare("Phiên họp Chính phủ chuyên đề (phát lại)")
    session.watch()
    session.gather()
    session.open_vote()
    receipts = session.vote()
    result = session.publish()
    expect(len({receipt["ballot_id"] for receipt in receipts}), len(session.voters), "biên nhận")
    voters, remote = len(session.voters), len([name for name in session.voters if name in REMOTE])
    wanted = {
        "members": len(session.members), "in_room": voters - remote, "remote": remote, "agree": voters, "disagree": 0,
        "other": 0, "not_voting": len(session.members) - voters, "outcome": "adopted",
    }  # fmt: skip
    expect({name: result.get(name) for name in wanted}, wanted, "kết quả biểu quyết")
    number = session.issue()
    session.expect_told(TOLD)
    expect(session.check_in_public(), "ok", "kết quả xác minh Nghị quyết")
    return _account(session, result, number)


def _account(session: Session, result: dict[str, Any], number: str) -> str:
    steps = ", ".join(f"{name} {seconds:g} s" for name, seconds in session.seconds.items())
    clients = ", ".join(str(clients_of(port)) for port in session.state["realtime"])
    return "\n".join((
        "Phát lại phiên họp qua HTTPS và WebSocket: "
        f"{result['members']} thành viên, {result['in_room']} phiếu tại phòng "
        f"họp, {result['remote']} phiếu từ xa, {result['agree']} tán thành, {result['not_voting']} không bỏ phiếu.",
        f"Kết quả: thông qua. Nghị quyết số {number}: đã ký, đóng dấu, ban hành; ai kiểm tra tệp cũng thấy hợp lệ.",
        f"Màn hình đã nhận đủ mọi thay đổi: {len(session.screens)} (theo tiến trình realtime: {clients}).",
        f"Thời gian: {steps}.",
    ))  # fmt: skip


def clients_of(port: int) -> int:
    """How many sockets a realtime process holds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return int(json.load(answer)["clients"])


def found(text: str, pattern: str) -> str:
    """What a page says at one place."""
    match = re.search(pattern, text)
    if match is None:
        raise Unexpected(f"a page does not say {pattern}")
    return match[1]


def expect(seen: Any, wanted: Any, about: str) -> None:
    if seen != wanted:
        raise Unexpected(f"{about}: {seen} thay vì {wanted}")


def main(arguments: list[str]) -> int:
    """0 when everything was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.cluster.replay", description=__doc__)
    parser.add_argument("state", type=Path, help="cluster.json of a running rehearsal")
    told = parser.parse_args(arguments)
    state = json.loads(told.state.read_text())
    session = Session(state, MEMBERS[: state["members"]])
    try:
        print(hold(session), flush=True)
    except Unexpected as unexpected:
        print(unexpected, file=sys.stderr, flush=True)
        return 1
    finally:
        session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
