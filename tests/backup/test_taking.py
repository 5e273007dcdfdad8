"""When there is something wrong already, no backup is made; and what it never does."""

import pytest
from flask_migrate import upgrade

from app import backup
from app.backup import Broken
from tests.backup.sites import LATER


def test_a_document_that_is_missing_or_changed_now_stops_the_backup_and_every_one_is_named(saved, target, tmp_path):
    target.restore(saved.folder)
    missing, changed, *_rest = sorted(saved.manifest.documents)
    del target.store.files[missing]
    target.store.files[changed] += b"\n"
    with pytest.raises(Broken, match=rf"{missing} \(missing\), {changed} \(changed\)"):
        backup.take(tmp_path / "new", LATER)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_overwrites_nothing(saved, target, tmp_path):
    target.restore(saved.folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for folder in (saved.folder, tmp_path / "mine", tmp_path / "mine" / "thesis.txt"):
        with pytest.raises(Broken, match="not empty"):
            backup.take(folder, LATER)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
    assert backup.check(saved.folder).seal == saved.manifest.seal


def test_nothing_is_saved_of_an_empty_database(target, tmp_path):
    with pytest.raises(Broken, match="no tables"):
        backup.take(tmp_path / "nothing", LATER)


def test_a_database_of_an_earlier_schema_can_be_saved(target, tmp_path):
    upgrade(directory="migrations", revision="0001")
    manifest = backup.take(tmp_path / "old", LATER)
    assert (manifest.schema, manifest.documents) == ("0001", {})
    assert "resolution" not in manifest.tables


def test_the_files_of_a_backup_are_for_their_owner_alone(saved):
    for path in (saved.folder, *saved.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
