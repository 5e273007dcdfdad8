"""`flask replay-slip`: an opinion slip from the draft to its evidence; silence counts as the rules of the day say."""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.demo.presets import G2019, G2025_10, Preset
from app.demo.replay import Factory, founded, refusals_told, seconds, write_out
from app.demo.slip_playing import DEAR, WATCHED, SlipStage
from app.demo.stage import Clock, expect
from app.demo.telling import told_in_notices_only
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.rulesets import GOVERNMENT_RULE_SETS, RuleSetPreset
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.tally import percent_vi
from app.workflows.rules.working_days import is_working_day

PIN, FIRST = "191260", "QC-191-2026"
MEMBERS, AGREE, DISAGREE, OTHER = 27, 12, 8, 3  # the other four are silent
MOVED = "Bộ đề nghị giữ nguyên thủ tục hiện hành"
RULE_SETS = {each.code: each for each in GOVERNMENT_RULE_SETS if each.procedure == "slip"}
SETTLED = dt.timedelta(days=14)  # after a rule set came into force
WEEK = 5
REMINDED = {"member": 7 + 4 + 4, "staff": 3}  # 24 and 4 hours before the deadline, and when it is over


@dataclass(frozen=True)
class Expected:
    """What the rules say of these answers."""

    deemed: int
    missing: int
    counted_for: int
    outcome: str

    @classmethod
    def under(cls, parameters: SlipParameters) -> "Expected":
        silent = MEMBERS - AGREE - DISAGREE - OTHER
        deemed = silent if parameters.deemed else 0
        agreed = AGREE + deemed
        return cls(deemed, silent - deemed, agreed, "adopted" if 2 * agreed > MEMBERS else "not_adopted")


def replay(make: Factory, code: str, out: Path, database: str | None = None) -> dict[str, Any]:
    """Play the slip under a rule set and write what came of it into `out`; the report.

    synthesis.pdf, pm-report.pdf, evidence.zip, report.json, and authority.pem that OpenSSL needs.

    27 members: 12 agree, one of them after another answer first; 8 disagree, 3 answer otherwise, 4 are silent.
    Unexpected when the system answers otherwise than the rules say, DatabaseInUse for a database that is not empty.
    """
    rule_set = RULE_SETS[code]
    monday = day_of(rule_set)
    start = dt.datetime.combine(monday, dt.time(9), HANOI)
    with tempfile.TemporaryDirectory(prefix="ecabinet-replay-") as folder:
        government = _government(start.date())
        with founded(make, Path(folder), database, government, start - dt.timedelta(days=10), PIN) as people:
            stage = SlipStage(people, PIN, Clock(start))
            with told_in_notices_only():
                play(stage)
            report, sentence = stage.report(), stage.result()["sentence"]
            files = {**stage.papers(), "evidence.zip": stage.bundle()}
            _check(report, rule_set)
            write_out(out, files, report)
    return {**report, "sentence": sentence, "issued_on": monday}


def play(stage: SlipStage) -> None:
    """From the issue to the close by the clock, two working days later."""
    deadline = stage.issue()
    heads, rest = stage.members[:AGREE], stage.members[AGREE:]
    disagreeing, others = rest[:DISAGREE], rest[DISAGREE : DISAGREE + OTHER]
    changing = heads[-1]
    stage.answer({changing: "other"}, MOVED)
    stage.answer(dict.fromkeys(heads[:-1], "agree"))
    stage.answer(dict.fromkeys(disagreeing, "disagree"), DEAR)
    stage.remind()  # nobody: no step is due yet
    stage.clock.move_on(deadline - dt.timedelta(hours=24))
    stage.remind()
    stage.answer({changing: "agree"})
    stage.answer(dict.fromkeys(others, "other"), WATCHED)
    stage.clock.move_on(deadline - dt.timedelta(hours=4))
    stage.remind()
    stage.remind()  # a second look of the clock reminds nobody twice
    stage.close(deadline)
    stage.remind()  # whoever let the deadline pass is told so
    stage.lay_before_head()


def day_of(rule_set: RuleSetPreset) -> dt.date:
    """A Monday on which that rule set is in force and a known Government in office, with a week of working days."""
    day = max(rule_set.valid_from, G2019.since) + SETTLED
    while day.weekday() or not all(is_working_day(day + dt.timedelta(days=ahead)) for ahead in range(WEEK)):
        day += dt.timedelta(days=1)
    return day


def _government(day: dt.date) -> Preset:
    """Which composition of the Government is asked: the one of that day, or the first that is known."""
    return G2025_10 if day - dt.timedelta(days=10) >= G2025_10.since else G2019


def _check(report: dict[str, Any], rule_set: RuleSetPreset) -> None:
    parameters = rule_set.parameters
    if not isinstance(parameters, SlipParameters):
        raise TypeError("a rule set for slips has parameters of slips")
    wanted = Expected.under(parameters)
    counted = {
        "members": MEMBERS, "agree": AGREE, "disagree": DISAGREE, "other": OTHER, "deemed": wanted.deemed,
        "missing": wanted.missing, "counted_for": wanted.counted_for, "outcome": wanted.outcome, "answers_signed": 24,
        "answers_superseded": 1, "rule_set": rule_set.code, "reminders": REMINDED,
    }  # fmt: skip
    expect({name: report[name] for name in counted}, counted, "báo cáo")


def command_for(make: Factory) -> click.Command:
    """`flask replay-slip` for applications made by this factory."""

    @click.command("replay-slip")
    @click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the files go.")
    @click.option("--rule-set", "code", default=FIRST, show_default=True, type=click.Choice(list(RULE_SETS)),
                  help="Under which rules the same answers are counted.")  # fmt: skip
    @click.option("--database", help="Address of an empty database; a temporary SQLite file otherwise.")
    def command(out: Path, code: str, database: str | None) -> None:
        """Replay an opinion slip to 27 members; exits 0 when the rules are kept."""
        with refusals_told():
            click.echo(account(replay(make, code, out, database), out))

    return command


def account(report: dict[str, Any], out: Path) -> str:
    """A short account for the shell; cast, deemed and missing apart."""
    return "\n".join((
        f"Phiếu lấy ý kiến – phát hành ngày {report['issued_on']:%d/%m/%Y}, bộ quy tắc {report['rule_set']}.",
        f"Thành viên Chính phủ: {report['members']}. Đã trả lời: đồng ý {report['agree']}, không đồng ý "
        f"{report['disagree']}, ý kiến khác {report['other']}; mặc nhiên đồng ý: {report['deemed']}; chưa trả lời: "
        f"{report['missing']}.",
        f"Tính là tán thành: {report['counted_for']}/{report['members']} "
        f"({percent_vi(report['counted_for'], report['members'])}).",
        report["sentence"],
        f"Đã nhắc: {report['reminders']['member']} lượt thành viên, {report['reminders']['staff']} lượt người giúp "
        "việc.",
        f"Ý kiến đã ký: {report['answers_signed']}, trong đó đã được thay thế: {report['answers_superseded']}; từ phát "
        f"hành đến khi có người xem: {seconds(report['issued_to_first_seen_s'])}.",
        f"Hệ thống trả lời đúng quy định. Chứng cứ và báo cáo: {out}",
    ))  # fmt: skip
