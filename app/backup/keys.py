"""Decides how the signing keys are copied apart from a backup, for those who may: never by default, never beside it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from app.backup import files
from app.backup.errors import Broken

LIST = "keys.json"
PLACES = {"keys": "KEYS", "authority": "AUTHORITY", "installation.key": "INSTALLATION_KEY"}
OF_LOG = ("log.key", "log.vkey")  # beside the installation key, where this account holds them


def refuse_beside(backup: Path, keys: Path) -> None:
    """Broken when one folder lies in the other: whoever copies the backup would carry the keys along."""
    one, other = backup.resolve(), keys.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise Broken("the keys go into a folder outside the backup, and the backup into one outside the keys")


def save(app: Flask, folder: Path) -> int:
    """Copy every file of the keys for its owner alone; how many there are. The list of their hashes comes last."""
    files.make_empty(folder)
    with files.cleared_on_failure(folder):
        written = {}
        for name, source in _sources(app):
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with source.open("rb") as content:
                written[name] = files.write(target, files.pieces(content)).sha256
        files.sync_folders(folder)
        files.write(folder / LIST, [json.dumps(written, indent=1).encode()])
        files.sync_folder(folder)
    return len(written)


def check(folder: Path) -> dict[str, str]:
    """Name → SHA-256 of every file, once all of them are as they were saved."""
    try:
        listed: dict[str, Any] = json.loads((folder / LIST).read_bytes())
    except FileNotFoundError:
        raise Broken(f"{folder} holds no {LIST}: no keys were saved there, or not all of them") from None
    except ValueError as error:
        raise Broken(f"{LIST} cannot be read: {error}") from error
    if files.listing(folder) - {LIST} != set(listed):
        raise Broken(f"{folder} holds other files than {LIST} says")
    for name, sha256 in listed.items():
        if name.partition("/")[0] not in (*PLACES, *OF_LOG) or files.measure(folder / name).sha256 != sha256:
            raise Broken(f"{name} is not the file that was saved")
    return listed


def restore(app: Flask, folder: Path) -> int:
    """Put checked keys where the settings say; those that are there already must be the same ones."""
    listed = check(folder)
    wanted = {_place(app, name): (name, sha256) for name, sha256 in listed.items()}
    for place in _standing(app):
        if place not in wanted or files.measure(place).sha256 != wanted[place][1]:
            raise Broken(f"there are other keys already: {place}")
    for place, (name, _sha256) in wanted.items():
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (folder / name).open("rb") as content:
                files.write(place, files.pieces(content))
            shutil.copystat(folder / name, place)
            files.sync_folder(place.parent)
    return len(listed)


def _place(app: Flask, name: str) -> Path:
    top, _, rest = name.partition("/")
    if top in OF_LOG:
        return Path(app.config["INSTALLATION_KEY"]).with_name(top)
    return Path(app.config[PLACES[top]]) / rest if rest else Path(app.config[PLACES[top]])


def _standing(app: Flask) -> list[Path]:
    """Every file of keys that this installation has."""
    places = [Path(app.config[setting]) for setting in PLACES.values()] + [_place(app, name) for name in OF_LOG]
    folders = [place for place in places if place.is_dir()]
    return [place for place in places if place.is_file()] + [
        folder / name for folder in folders for name in sorted(files.listing(folder))
    ]


def _sources(app: Flask) -> Iterator[tuple[str, Path]]:
    """Every file by its name in the copy."""
    for top, setting in PLACES.items():
        place = Path(app.config[setting])
        if not place.exists():
            raise Broken(f"there are no keys to save: {place} is missing")
        if place.is_file():
            yield top, place
            continue
        for name in sorted(files.listing(place)):
            yield f"{top}/{name}", place / name
    for name in OF_LOG:
        if _place(app, name).exists():
            yield name, _place(app, name)
