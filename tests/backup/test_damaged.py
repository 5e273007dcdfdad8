"""A backup that was touched is not restored: the first broken thing is named, and nothing is served."""

import pytest

from app import backup, installation
from app.backup import Broken, files
from app.backup.manifest import CERTIFICATES, DATABASES, MANIFEST, Manifest
from app.extensions import db
from app.gateways import signing
from tests.backup.sites import LATER, counted, edited, resealed
from tests.cabinet import NOW


def first_document(folder):
    return sorted((folder / "documents").rglob("?" * 64))[0]


def database(folder):
    return next(folder / name for name in DATABASES.values() if (folder / name).exists())


def flip(path, at=-100):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


TOUCHED = {
    "a bit of the database": (lambda f: flip(database(f)), "database."),
    "the end of the database": (lambda f: cut(database(f)), "database."),
    "no database": (lambda f: database(f).unlink(), "database."),
    "a bit of a document": (lambda f: flip(first_document(f)), "documents/"),
    "the end of a document": (lambda f: cut(first_document(f)), "documents/"),
    "a missing document": (lambda f: first_document(f).unlink(), "is missing"),
    "an empty document": (lambda f: first_document(f).write_bytes(b""), "documents/"),
    "the certificates": (lambda f: flip(f / CERTIFICATES), CERTIFICATES),
    "an extra file": (lambda f: (f / "notes.txt").write_text("x"), "notes.txt does not belong"),
    "an extra document": (lambda f: (f / "documents" / ("0" * 64)).write_text("x"), "does not belong"),
    "a link": (lambda f: (f / "link").symlink_to("/etc/passwd"), "link is no plain file"),
    "no manifest": (lambda f: (f / MANIFEST).unlink(), "not finished"),
    "half a manifest": (lambda f: cut(f / MANIFEST) or cut(f / MANIFEST) or cut(f / MANIFEST), "cannot be read"),
    "another count": (lambda f: edited(f, tables={}), "was changed"),
    "another time": (lambda f: edited(f, taken_at="2026-08-01T00:00:00+00:00"), "was changed"),
    "another newest entry": (lambda f: edited(f, audit={}), "was changed"),
    "another seal": (lambda f: edited(f, seal="0" * 64), "was changed"),
    "another format": (lambda f: edited(f, format=2), "another format"),
    "a strange field": (lambda f: edited(f, more=1), "cannot be understood"),
    "odd files": (lambda f: edited(f, files=[1]), "was changed"),
    "no object": (lambda f: (f / MANIFEST).write_text("[]"), "another format"),
    "a number for text": (lambda f: edited(f, schema=1.5), "cannot be understood"),
}  # fmt: skip


@pytest.mark.parametrize("what", TOUCHED)
def test_a_touched_folder_is_refused_before_anything_is_written(sqlite_folder, sqlite_target, what):
    touch, said = TOUCHED[what]
    touch(sqlite_folder)
    with pytest.raises(Broken, match=said):
        sqlite_target.restore(sqlite_folder)
    assert sqlite_target.left_empty()
    assert sqlite_target.store.files == {}


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "documents/ab/../../evil", "documents/" + "0" * 64, ".x"])
def test_a_manifest_never_leads_out_of_its_folder(sqlite_folder, sqlite_target, name):
    manifest = Manifest.load(sqlite_folder)
    forged = Manifest(**{**vars(manifest), "files": {**manifest.files, name: {"sha256": "0" * 64, "size": 1}}})
    (sqlite_folder / MANIFEST).unlink()
    forged.save(sqlite_folder)
    with pytest.raises(Broken, match="was changed"):
        sqlite_target.restore(sqlite_folder)


def test_a_backup_made_to_fit_after_a_change_has_another_seal(saved_sqlite, sqlite_folder, sqlite_target):
    forged = resealed(sqlite_folder, taken_at="2026-08-01T00:00:00+00:00")
    assert forged != saved_sqlite.manifest.seal
    with pytest.raises(Broken, match="another backup"):
        sqlite_target.restore(sqlite_folder, seal=saved_sqlite.manifest.seal)
    assert sqlite_target.left_empty()
    sqlite_target.restore(saved_sqlite.folder, seal=saved_sqlite.manifest.seal.upper())


def test_one_kind_of_database_is_not_restored_into_another(saved_postgresql, sqlite_target):
    with pytest.raises(Broken, match="the backup is of postgresql"):
        sqlite_target.restore(saved_postgresql.folder)


def test_other_authorities_than_those_of_the_installation_are_refused(saved, target):
    strangers = signing.Authority.create(None, NOW)
    signing.use(signing.MemorySigner(strangers), strangers.chain())
    with pytest.raises(Broken, match="authorities"):
        target.restore(saved.folder)
    assert target.left_empty()


def test_authorities_exchanged_in_the_backup_certify_nobody(sqlite_folder, sqlite_target):
    strangers = signing.Authority.create(None, NOW).chain()
    with db.engine.connect():
        content = backup.certificates.listed(_Nobody(), strangers)
    (sqlite_folder / CERTIFICATES).write_bytes(content)
    resealed(sqlite_folder, authorities=[files.sha256(der).hexdigest() for der in strangers])
    signing.use(None)
    with pytest.raises(Broken, match="certificate 1: "):
        sqlite_target.restore(sqlite_folder)


class _Nobody:
    """A connection to a database without certificates."""

    def execute(self, _statement):
        return self

    def mappings(self):
        return iter(())

    def __iter__(self):
        return iter(())


def test_what_holds_anything_is_not_restored_into(saved, target):
    target.restore(saved.folder)
    before = counted()
    with pytest.raises(Broken, match="not empty"):
        target.restore(saved.folder)
    assert counted() == before
    installation.check_demo_mark(target.app)


def test_after_a_failed_restore_a_good_one_begins_anew(saved, target, tmp_path, monkeypatch):
    def fails(*_args):
        raise Broken("something")

    with monkeypatch.context() as broken:
        broken.setattr("app.backup.restoring.prove", fails)
        with pytest.raises(Broken, match="something"):
            target.restore(saved.folder)
    with pytest.raises(installation.WrongDatabase):
        installation.check_demo_mark(target.app)
    with pytest.raises(Broken, match="not finished"):
        backup.take(tmp_path / "of-the-unfinished", LATER)
    target.restore(saved.folder)
    installation.check_demo_mark(target.app)


def test_two_restores_at_once_are_one(saved, target):
    from app.backup.engines import KINDS

    with KINDS[target.kind].alone(db.engine), pytest.raises(Broken, match="another restore"):
        target.restore(saved.folder)
    assert target.left_empty()
    target.restore(saved.folder)


def test_on_postgresql_only_the_owner_restores(saved_postgresql, target_postgresql):
    with target_postgresql.empty() as target, target.inside(target.serving):
        with pytest.raises(Broken, match="role that owns"):
            backup.restore(target.serving, saved_postgresql.folder, LATER)
        assert target.left_empty()
