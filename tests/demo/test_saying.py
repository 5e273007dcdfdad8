"""Whoever waits for the demo reads what is being done, and how long it has taken so far."""

import datetime as dt

from app.demo.history import Progress, Step, progress, tell
from app.demo.loader import _say_reached
from app.demo.saying import SILENT, Saying
from tests.cabinet import NOW

DAY = dt.timedelta(days=1)


def test_each_line_has_its_seconds_and_few_of_the_steps_have_a_line(app, capsys):
    """Each step takes a second."""
    time = [100.0]
    saying = Saying(lambda: time[0])

    def pass_by(_stage, _at):
        time[0] += 1

    steps = [Step(NOW + number * DAY, pass_by, alone=True) for number in range(7)]
    saying.begin("Its history: 7 steps")
    seen = []
    tell(None, steps, Progress(NOW), lambda *reached: (seen.append(reached), _say_reached(saying, *reached)))
    assert [reached.done for reached, _step in seen] == [1, 2, 3, 4, 5, 6, 7]
    assert progress().complete
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "   0 s  Its history: 7 steps", "   3 s  Its history: 3 of 7 steps, up to 01/08/2026",
        "   6 s  Its history: 6 of 7 steps, up to 04/08/2026",
    ]  # fmt: skip
    assert SILENT == 3


def test_an_interrupted_telling_says_only_what_is_left(app):
    steps = [Step(NOW + number * DAY, lambda _stage, _at: None, alone=True) for number in range(5)]
    seen = []
    tell(None, steps, Progress(NOW, 3, 5), lambda reached, _step: seen.append(reached.done))
    assert seen == [4, 5]
