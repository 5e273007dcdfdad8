"""Decides what a backup says about itself, and what may lie in its folder."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from app.backup.errors import Broken
from app.backup.files import Written, sync_folder, write
from app.workflows.rules.canonical import canonical, digest

FORMAT = 1
MANIFEST, CERTIFICATES = "manifest.json", "certificates.json"
DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
DOCUMENT = re.compile(r"documents/([0-9a-f]{2})/(\1[0-9a-f]{62})\Z")


def document_path(sha256: str) -> str:
    """Where a document lies in the folder of the backup."""
    return f"documents/{sha256[:2]}/{sha256}"


@dataclass(frozen=True)
class Manifest:
    """Everything that a restore compares; times are ISO 8601 in UTC, hashes hexadecimal.

    `audit` is the newest row {id, sha256, at}, empty without any; `polls` has {id, entries, root} of every vote that
    has a log; `files` maps names in the folder to {sha256, size}.
    """

    taken_at: str
    demo: bool
    schema: str
    database: dict[str, str]
    tables: dict[str, int]
    audit: dict[str, Any]
    polls: list[dict[str, Any]]
    authorities: list[str]
    files: dict[str, dict[str, Any]]

    @property
    def seal(self) -> str:
        """The hash of all of it: whoever wrote it down elsewhere knows the backup again."""
        return digest(canonical({"format": FORMAT, **asdict(self)}))

    @property
    def documents(self) -> dict[str, int]:
        """SHA-256 → size of every document in the folder."""
        named = {DOCUMENT.match(name): facts["size"] for name, facts in self.files.items()}
        return {match[2]: size for match, size in named.items() if match}

    def written(self, name: str) -> Written:
        facts = self.files[name]
        return Written(facts["sha256"], facts["size"])

    def save(self, folder: Path) -> None:
        """The last act of a backup: it appears whole, or the folder holds none."""
        draft = folder / f".{MANIFEST}"
        text = json.dumps({"format": FORMAT, **asdict(self), "seal": self.seal}, ensure_ascii=False, indent=1)
        write(draft, [text.encode() + b"\n"])
        draft.replace(folder / MANIFEST)
        sync_folder(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Broken when the backup was not finished, is of another format, or its manifest was changed."""
        try:
            told = json.loads((folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            raise Broken(f"{folder} holds no {MANIFEST}: this is no backup, or one that was not finished") from None
        except (ValueError, RecursionError) as error:
            raise Broken(f"{MANIFEST} cannot be read: {error}") from error
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise Broken(f"{MANIFEST} is of another format than {FORMAT}; restore with the release that wrote it")
        seal = told.pop("seal", None)
        try:
            manifest = cls(**told)
            whole = manifest.seal == seal and all(_known(name, facts) for name, facts in manifest.files.items())
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise Broken(f"{MANIFEST} cannot be understood: {error}") from error
        if not whole:
            raise Broken(f"{MANIFEST} was changed: its seal does not fit what it says")
        return manifest


def _known(name: str, facts: dict[str, Any]) -> bool:
    """Whether a file may be in a backup under that name; none leads out of the folder."""
    named = DOCUMENT.match(name)
    fits = named[2] == facts["sha256"] if named else name in (CERTIFICATES, *DATABASES.values())
    return bool(fits) and isinstance(facts["size"], int)
