"""Which kinds of database can be saved, and what each kind must be able to do."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

from app.backup import postgresql, sqlite
from app.backup.files import Written
from app.backup.progress import Report


class Kind(Protocol):
    """A module of its own for each kind; its docstrings say how it keeps these promises."""

    def dump(self, connection: Connection, path: Path, report: Report) -> Written: ...
    def alone(self, engine: Engine) -> AbstractContextManager[None]: ...
    def clear(self, engine: Engine) -> None: ...
    def prepare(self, connection: Connection) -> None: ...
    def load(self, engine: Engine, path: Path, report: Report) -> None: ...
    def faults(self, connection: Connection) -> list[str]: ...
    def guards(self, connection: Connection) -> set[str]: ...


KINDS: dict[str, Kind] = {"sqlite": sqlite, "postgresql": postgresql}
