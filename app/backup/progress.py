"""Decides how a long piece of work says how far it is."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is (bytes, files or rows)."""


def silent(_step: str, _done: int, _total: int) -> None:
    """For whoever does not watch."""
