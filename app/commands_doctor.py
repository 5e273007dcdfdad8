"""`flask doctor`: what is wrong with this installation, for people and for programs."""

import json
import textwrap

import click
from flask import Flask
from flask.cli import with_appcontext
from flask_babel import force_locale
from flask_babel import gettext as _

from app.doctor import Finding, Level, examine, exit_status

WIDTH = 110
COLOURS = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.ERROR: "red"}


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(_doctor)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Answer with code, level and words of each finding as JSON.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", help="Language of the sentences.")
@with_appcontext
def _doctor(as_json: bool, lang: str) -> None:
    """Say what is wrong with this installation: exit code 0 nothing, 1 warnings, 2 errors."""
    with force_locale(lang):
        findings = examine()
        click.echo(_json(findings) if as_json else "\n".join(lines(findings)))
    raise SystemExit(exit_status(findings))


def lines(findings: list[Finding]) -> list[str]:
    """A table: how bad, what, and a sentence; then how many there are of each."""
    words = {Level.OK: _("good"), Level.NOTE: _("note"), Level.WARNING: _("warning"), Level.ERROR: _("error")}
    first = max(len(word) for word in words.values()) + 2
    second = max((len(finding.code) for finding in findings), default=0) + 2
    told: list[str] = []
    for finding in findings:
        sentence = textwrap.wrap(str(finding.words), max(40, WIDTH - first - second)) or [""]
        mark = click.style(f"{words[finding.level]:<{first}}", fg=COLOURS[finding.level])
        told.append(f"{mark}{finding.code:<{second}}{sentence[0]}")
        told += [" " * (first + second) + more for more in sentence[1:]]
    counts = {level: sum(finding.level is level for finding in findings) for level in words}
    return [*told, "", ", ".join(f"{words[level]}: {count}" for level, count in counts.items())]


def _json(findings: list[Finding]) -> str:
    return json.dumps([finding.as_json() for finding in findings], ensure_ascii=False, indent=2)
