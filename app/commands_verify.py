"""`flask verify FILE`: whether a PDF is a Resolution of ours, or the evidence in an archive holds."""

import datetime as dt
import json
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_babel import force_locale, get_locale, gettext
from sqlalchemy.exc import SQLAlchemyError

from app.gateways import bundles, pades
from app.gateways.signing.errors import SigningError
from app.workflows import verification

FORMAT = 1  # of the JSON: names are only added, docs/verification.md
EXIT_CODES = {"valid": 0, "invalid": 1, "undetermined": 2}
STDIN = "<stdin>"  # what Python calls it
DOCUMENT, EVIDENCE = "document", "evidence"


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(_verify)


@click.command("verify")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON; docs/verification.md says what stands in it.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="Language of the sentences.")
@with_appcontext
def _verify(file: BinaryIO, as_json: bool, lang: str | None) -> None:
    """Judge a PDF or a bundle of evidence ("-": standard input): exit code 0 valid, 1 invalid, 2 not enough to decide.

    2 also says that nothing was judged: no such file, or the records cannot be asked.
    """
    with force_locale(lang or str(get_locale() or current_app.config["BABEL_DEFAULT_LOCALE"])):
        head = file.read(4)
        state, said = _bundle(file, head, as_json) if bundles.is_bundle(head) else _document(file, head, as_json)
    click.echo(said)
    raise SystemExit(EXIT_CODES[state])


def _document(file: BinaryIO, head: bytes, as_json: bool) -> tuple[str, str]:
    content = head + file.read(pades.Limits().size + 1 - len(head))
    try:
        verdict = verification.verify(content, _now())
    except (SQLAlchemyError, SigningError) as trouble:  # not a word about the file follows from this
        why = str(trouble).partition("\n")[0]
        said = gettext("The records cannot be asked, so nothing is said about the file: %(why)s", why=why)
        if as_json:
            return "undetermined", _as_json(DOCUMENT, _unasked(content, said))
        click.echo(said, err=True)
        raise SystemExit(EXIT_CODES["undetermined"]) from trouble
    return verdict.state, _as_json(DOCUMENT, verdict.as_json()) if as_json else "\n".join(verdict.lines())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _unasked(content: bytes, said: str) -> dict[str, Any]:
    """The same names as in a verdict."""
    told = pades.Verdict("undetermined", (), (), sha256(content).hexdigest()).as_json()
    reason = {"code": "records_unavailable", "sub_indication": pades.NOT_NAMED, "role": "", "message": said}
    return told | {"reasons": [reason]}


def _bundle(file: BinaryIO, head: bytes, as_json: bool) -> tuple[str, str]:
    """The tool reads a file, so what comes through a pipe is laid into one first."""
    with tempfile.NamedTemporaryFile(prefix="ecabinet-verify-", suffix=".zip") as copy:
        path = Path(str(getattr(file, "name", STDIN)))
        if str(path) == STDIN or not path.is_file():
            path = Path(copy.name)
            copy.write(head + file.read(bundles.MOST_BYTES - len(head) + 1))
            copy.flush()
        account = bundles.examine(path, str(get_locale()), as_json=as_json)
    failed = gettext("The evidence could not be examined.")
    if not as_json:
        return account.state, account.said or failed
    problem = {"step": "archive", "code": "not_examined", "said": failed}
    told = json.loads(account.said) if account.said else {"steps": [], "problems": [problem]}
    return account.state, _as_json(EVIDENCE, told | {"state": account.state})


def _as_json(kind: str, told: dict[str, Any]) -> str:
    indication = pades.INDICATIONS[told["state"]]
    return json.dumps({"format": FORMAT, "kind": kind, **told, "indication": indication}, ensure_ascii=False, indent=2)
