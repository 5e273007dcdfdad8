"""A first day without the demo: an empty PostgreSQL, a signer of its own, and by evening a vote with its result."""

import datetime as dt
import re
import subprocess
import sys

import pytest

from app.workflows.rules.calendar import HANOI
from tests.cabinet import PIN
from tests.servers import PostgresServer
from tests.setup.books import ANSWERS, as_json, fill
from tests.signer.process import SignerProcess
from tests.web import ROOT, Caller, Web

DATABASE = "ecab_first_day"
OWN = "Ruby-Tim!Xuong7"
MEMBERS = ("mot", "hai", "ba", "bon", "nam")


class Office:
    """What is done at the shell and in the browsers of that day."""

    def __init__(self, server: PostgresServer, signer: SignerProcess) -> None:
        self.server, self.signer = server, signer
        self.web = Web(
            ECABINET_ENV="production", ECABINET_DATABASE=server.url(DATABASE), ECABINET_SIGNER=str(signer.socket),
            ECABINET_APP_ROLE="ecab_app", ECABINET_PUBLIC_URL="https://ecabinet.example.vn",
        )  # fmt: skip

    def flask(self, *arguments: object, typed: str = "", **settings: str) -> str:
        """Run a command of `flask` to its good end."""
        command = [sys.executable, "-m", "flask", "--app", "run", *map(str, arguments)]
        environment = self.web._environment() | settings
        done = subprocess.run(
            command, cwd=self.web.folder, env=environment, input=typed, capture_output=True, text=True, check=False,
            start_new_session=True,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def ask(self, statement: str) -> list[tuple]:
        with self.server.connect(DATABASE) as connection:
            return connection.execute(statement).fetchall()

    def one(self, statement: str) -> object:
        ((value,),) = self.ask(statement)
        return value

    def choose_password(self, username: str, given: str) -> Caller:
        """Sign in with what was given, and choose an own password."""
        caller = Caller(self.web.url, username)
        caller.get("/login/")
        caller.post("/login/", username=username, password=given)
        assert caller.get("/meetings/").url.endswith("/password/")
        answer = caller.post("/password/change", password=given, new=OWN, new_again=OWN)
        assert answer.status == 200
        assert caller.get("/meetings/").url.endswith("/meetings/")
        return caller


@pytest.fixture(scope="module")
def office(postgres_server):
    postgres_server.drop_database(DATABASE)
    postgres_server.create_database(DATABASE)
    signer = SignerProcess(ECABINET_DEMO="")
    office = Office(postgres_server, signer)
    try:
        signer.start()
        yield office
    finally:
        office.web.stop()
        signer.stop()
        postgres_server.drop_database(DATABASE)


@pytest.mark.fault
def test_an_empty_production_is_founded_and_holds_a_session(office, tmp_path):
    owner = office.server.url(DATABASE, "ecab_owner")
    office.flask("db", "upgrade", "-d", ROOT / "migrations", ECABINET_DATABASE=owner)
    office.flask("sync-roles")
    passwords = found(office, tmp_path)
    office.web.start()
    people = {name: office.choose_password(name, given) for name, given in passwords.items()}
    hand_out_keys(office, people)
    poll_id = hold(office, people)
    judge(office, people, poll_id)


def found(office, tmp_path) -> dict[str, str]:
    """Setup and roll; the given passwords by user name, that of the administrator put together from both halves."""
    office.flask("setup", "--file", as_json(tmp_path, ANSWERS), "--codes", tmp_path / "codes")
    assert {path.name for path in office.web.var.iterdir()} <= {"trusted", "documents", "log.vkey"}
    assert (office.signer.var / "log.key").exists()  # every key is the signer's, that of the log among them
    office.flask("roll", "template", tmp_path / "template.xlsx")
    (tmp_path / "roll.xlsx").write_bytes(fill((tmp_path / "template.xlsx").read_bytes()))
    assert "thêm 9" in office.flask("roll", "import", tmp_path / "roll.xlsx", "--dry-run")
    assert office.one("SELECT count(*) FROM person") == 1
    office.flask("roll", "import", tmp_path / "roll.xlsx", "--passwords", tmp_path / "passwords.tsv")
    given = dict(line.split("\t") for line in (tmp_path / "passwords.tsv").read_text().splitlines())
    halves = [(tmp_path / "codes" / f"{number}.txt").read_text().split()[-1] for number in (1, 2)]
    return {**given, "quantri": "".join(halves)}


def hand_out_keys(office, people) -> None:
    """Two people confirm at the shell; each member takes the key at an own device."""
    by = ("--asked-by", "bay", "--confirmed-by", "chin")
    office.flask("key", "enrol", *MEMBERS, *by, typed=f"{OWN}\n{OWN}\n")
    for name in MEMBERS:
        people[name].get("/keys/")
        answer = people[name].post("/keys/enrol", password=OWN, pin=PIN, pin_again=PIN)
        assert answer.status == 200
    assert len(list(office.signer.keys.glob("*.json"))) == len(MEMBERS)
    assert not (office.web.var / "keys").exists()


def hold(office, people) -> int:
    """From the first line of the agenda to the last ballot."""
    clerk, head = people["bay"], people["mot"]
    body = office.one("SELECT id FROM body")
    clerk.get("/records/meetings/add")
    session = {"title": "Phiên họp Chính phủ đầu tiên", "kind": "regular", "place": "Phòng họp Chính phủ"}
    times = {"starts_at": f"{soon():%d/%m/%Y %H:%M}", "planned_minutes": "90", "conference_url": ""}
    clerk.post("/records/meetings/add", body_id=body, **session, **times)
    meeting = office.one("SELECT id FROM meeting")
    decided = {"title": "Nghị quyết về việc đầu tiên", "kind": "decision", "planned_minutes": "20"}
    clerk.post("/records/items/add", meeting_id=meeting, organisation_id="", **decided)
    item = office.one("SELECT id FROM agenda_item")
    assert clerk.post(f"/records/meetings/{meeting}/invite").status == 200
    for name in MEMBERS:
        people[name].check_in(meeting)
    for address in (f"/meetings/{meeting}/open", f"/items/{item}/open", f"/items/{item}/vote"):
        assert head.post(address).status == 200
    poll = office.one("SELECT id FROM poll WHERE state = 'open'")
    for name, choice in zip(MEMBERS, ("agree", "agree", "agree", "disagree", "agree"), strict=True):
        assert people[name].vote(poll, choice)
    return int(poll)


def soon() -> dt.datetime:
    return dt.datetime.now(HANOI) + dt.timedelta(minutes=30)


def judge(office, people, poll) -> None:
    """The result stands, its signatures come from the signer, and the web process had no trouble."""
    head = people["mot"]
    head.post(f"/polls/{poll}/close")
    head.post(f"/polls/{poll}/publish")
    assert office.ask("SELECT state, outcome FROM poll") == [("published", "adopted")]
    page = people["hai"].get(f"/polls/{poll}/result").text
    assert re.search(r"4\s*/\s*5|\b4\b", page)
    assert people["hai"].ask(f"/polls/{poll}/verify").status == 200
    assert office.one("SELECT count(*) FROM ballot") == len(MEMBERS)
    assert office.one("SELECT count(*) FROM person WHERE fictional") == 0
    assert office.signer.said().count("sign_digest") == len(MEMBERS)
    assert office.web.troubles() == []
    office.signer.halt()
    assert people["hai"].ask(f"/polls/{poll}/verify").status == 200  # the pinned certificates are enough for that
