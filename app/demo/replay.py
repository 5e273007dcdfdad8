"""How the session of 24/06/2019 is replayed from the shell: with a database, an authority and keys of its own."""

import datetime as dt
import json
import secrets
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import inspect

from app.demo.cases import CASES, FIRST
from app.demo.founding import Founded, found
from app.demo.presets import G2019, Preset
from app.demo.resolving import NOTHING, course_of, expect_valid
from app.demo.stage import START, Clock, Stage, Unexpected, expect
from app.extensions import db
from app.gateways import signing, storage
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.calendar import HANOI

MIGRATIONS = Path(__file__).parents[2] / "migrations"
FOUNDED = dt.datetime(2019, 6, 1, 8, 0, tzinfo=HANOI)
PASSWORD_BYTES, PIN = 24, "240619"
Factory = Callable[..., Flask]  # create_app: the replay has an application of its own


class DatabaseInUse(Exception):
    """The given database holds tables already; a replay never writes into somebody's data."""


def replay(make: Factory, case: str, out: Path, database: str | None = None) -> dict[str, Any]:
    """Play a case and write tally.pdf, resolution.pdf, evidence.zip and report.json into `out`; report and sentence.

    A vote that did not adopt has no resolution.pdf. authority.pem beside them is what OpenSSL needs to check the
    signatures of bundle and Resolution.
    Unexpected when the system answers otherwise than the rules say, DatabaseInUse for a database that is not empty.
    """
    scratch = tempfile.TemporaryDirectory(prefix="ecabinet-replay-")
    with scratch as folder, founded(make, Path(folder), database, G2019, FOUNDED, PIN) as government:
        stage = Stage(government, PIN, Clock(START))
        poll_id = CASES[case].play(stage)
        files = {"tally.pdf": stage.tally_record(poll_id), "evidence.zip": stage.bundle(poll_id)}
        came_of_it = NOTHING
        if course := course_of(stage, poll_id):
            files["resolution.pdf"], came_of_it = course.document(), course.report()
            expect_valid(came_of_it)
        report, sentence = {**stage.report(poll_id), **came_of_it}, stage.result(poll_id)["sentence"]
    found_figures = {name: report[name] for name in CASES[case].figures}
    expect(found_figures, CASES[case].figures, "báo cáo")
    write_out(out, files, report)
    return {**report, "sentence": sentence}


def write_out(out: Path, files: Mapping[str, bytes], report: Mapping[str, Any]) -> None:
    """The files of a replay into their folder, with report.json, and authority.pem that OpenSSL needs to check them."""
    told = (json.dumps(report, ensure_ascii=False, indent=2) + "\n").encode()
    authority = "".join(map(ssl.DER_cert_to_PEM_cert, signing.trusted())).encode()
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "report.json": told, "authority.pem": authority}.items():
        (out / name).write_bytes(content)


@contextmanager
def founded(
    make: Factory, scratch: Path, database: str | None, preset: Preset, at: dt.datetime, pin: str
) -> Iterator[Founded]:
    """An application of its own on a fresh database, with a Government whose members hold keys since that moment.

    DatabaseInUse for a database that is not empty.
    """
    application = make(**_settings(scratch, database or f"sqlite:///{scratch / 'replay.db'}", at))
    with application.app_context():
        try:
            if inspect(db.engine).get_table_names():
                raise DatabaseInUse
            upgrade(directory=str(MIGRATIONS))
            yield found(preset, at, secrets.token_urlsafe(PASSWORD_BYTES), pin, accounts=False)
        finally:
            db.session.remove()
            db.engine.dispose()


def _settings(scratch: Path, database: str, at: dt.datetime) -> dict[str, Any]:
    installation_key = scratch / "installation.key"
    signing.create_installation_key(installation_key)
    authority = signing.Authority.create(scratch / "authority", at - dt.timedelta(days=1), demo=True)
    signer = signing.SoftwareSigner(scratch / "keys", installation_key, authority)
    return {
        "SECRET_KEY": secrets.token_urlsafe(48), "DEMO": True, "APP_ROLE": "", "SQLALCHEMY_DATABASE_URI": database,
        "SQLALCHEMY_ENGINE_OPTIONS": {}, "SIGNER": (signer, authority.chain()),
        "STORE": storage.Storage(scratch / "documents"),
    }  # fmt: skip


def command_for(make: Factory) -> click.Command:
    """`flask replay` for applications made by this factory."""

    @click.command("replay")
    @click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the files go.")
    @click.option("--case", default=FIRST, show_default=True, type=click.Choice(list(CASES)), help="What is replayed.")
    @click.option("--database", help="Address of an empty database; a temporary SQLite file otherwise.")
    def command(out: Path, case: str, database: str | None) -> None:
        """Replay the first electronic session, or a case of the rules; exits 0 when the rules are kept."""
        with refusals_told():
            click.echo(account(case, replay(make, case, out, database), out))

    return command


@contextmanager
def refusals_told() -> Iterator[None]:
    """What keeps a replay from its end is said in one sentence, with exit status 1."""
    try:
        yield
    except DatabaseInUse:
        fail("Cơ sở dữ liệu đã có dữ liệu; chỉ phát lại trên cơ sở dữ liệu trống.")
    except Unexpected as unexpected:
        fail(str(unexpected))
    except WorkflowError as refusal:
        fail(f"Hệ thống từ chối một bước đúng quy định: {refusal} ({refusal.code})")


def account(case: str, report: dict[str, Any], out: Path) -> str:
    """A short account for the shell."""
    return "\n".join(
        (
            f"{CASES[case].title} – {START:%d/%m/%Y}, bộ quy tắc {report['rule_set']}.",
            f"Thành viên Chính phủ: {report['members']}. Số phiếu tại phòng họp: {report['in_room']}, từ xa: "
            f"{report['remote']}; không bỏ phiếu: {report['not_voting']}.",
            report["sentence"],
            f"Từ mở đến đóng biểu quyết: {seconds(report['open_to_close_s'])}; từ đóng biểu quyết đến công bố: "
            f"{seconds(report['close_to_published_s'])}.",
            _resolution(report),
            f"Hệ thống trả lời đúng quy định. Biên bản, chứng cứ và báo cáo: {out}",
        )
    )


def _resolution(report: dict[str, Any]) -> str:
    if report["number"] is None:
        return "Không có Nghị quyết: nội dung không được thông qua."
    signers = ", ".join(signer["name"] for signer in report["verdict"]["signers"])
    return (
        f"Nghị quyết số {report['number']}: ký số sau {seconds(report['vote_closed_to_signed_s'])}, ban hành sau "
        f"{seconds(report['vote_closed_to_promulgated_s'])} kể từ khi đóng biểu quyết; chữ ký và dấu hợp lệ "
        f"({signers})."
    )


def seconds(duration: float) -> str:
    return f"{duration:.2f} giây".replace(".", ",")


def fail(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)
