"""What is going on while the demo is made: somebody waits a minute at a terminal and wants to know for what."""

import time
from collections.abc import Callable

import click

SILENT = 3.0  # seconds at most between two lines, as far as what is done has steps


class Saying:
    """Lines with the seconds since the beginning. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._last = clock()

    def begin(self, words: str) -> None:
        """Something begins."""
        self._last = self._clock()
        click.echo(f"{self._last - self._began:4.0f} s  {words}")

    def reached(self, words: str) -> None:
        """The same, unless something was said a moment ago."""
        if self._clock() - self._last >= SILENT:
            self.begin(words)
