"""What whoever runs flask backup and flask restore reads, and what becomes of the keys."""

import json
import stat

import pytest

from app import backup
from app.backup import Broken, keys
from app.backup.manifest import MANIFEST, Manifest
from tests.backup.sites import copied

SECRET = b"this is a key"


@pytest.fixture
def run(target):
    def run(*arguments):
        return target.app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])

    return run


@pytest.fixture
def keyring(target, tmp_path, monkeypatch):
    """Files as a signer has them."""
    places = {"KEYS": tmp_path / "var/keys", "AUTHORITY": tmp_path / "var/authority",
              "INSTALLATION_KEY": tmp_path / "var/installation.key"}  # fmt: skip
    for setting, place in places.items():
        monkeypatch.setitem(target.app.config, setting, place)
    return places


def furnish(keyring):
    for name in ("KEYS", "AUTHORITY"):
        keyring[name].mkdir(parents=True)
    (keyring["KEYS"] / "a.key").write_bytes(SECRET)
    (keyring["AUTHORITY"] / "root.der").write_bytes(b"root")
    keyring["INSTALLATION_KEY"].write_bytes(b"i" * 32)


def test_the_drill_from_the_shell(saved, target, run, tmp_path):
    restored = run("restore", saved.folder, "--seal", saved.manifest.seal)
    assert restored.exit_code == 0, restored.output
    newest = saved.manifest.audit
    assert f"Recovery point: {newest['id']} of {newest['at']}" in restored.output
    assert "Recovery time: " in restored.output
    assert "votes: done (3)" in restored.output
    made = run("backup", tmp_path / "new")
    assert made.exit_code == 0, made.output
    manifest = Manifest.load(tmp_path / "new")
    assert f"Seal {manifest.seal}" in made.output
    assert f"3 votes, {len(manifest.documents)} documents" in made.output
    assert "The signing keys are not in it." in made.output


def test_what_is_wrong_is_one_sentence_and_an_exit_status(saved, run, tmp_path):
    folder = copied(saved, tmp_path / "copy")
    (folder / MANIFEST).unlink()
    done = run("restore", folder)
    assert done.exit_code == 1
    assert done.output.startswith("Error: Nothing was restored that may be served: ")
    assert "Traceback" not in done.output
    assert run("restore", tmp_path / "nowhere").exit_code == 1
    done = run("backup", folder)
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "never overwrites" in done.output


def test_another_backup_than_the_one_written_down_is_refused(saved, run):
    done = run("restore", saved.folder, "--seal", "0" * 64)
    assert (done.exit_code, "another backup" in done.output) == (1, True)


def test_the_authorities_of_the_backup_are_named_where_there_are_none(saved, target, run):
    from app.gateways import signing

    signing.use(None)
    done = run("restore", saved.folder)
    assert done.exit_code == 0, done.output
    assert all(authority in done.output for authority in saved.manifest.authorities)


def test_no_key_is_in_a_backup(saved, target, run, keyring, tmp_path):
    furnish(keyring)
    run("restore", saved.folder)
    assert run("backup", tmp_path / "new").exit_code == 0
    kept = b"".join(path.read_bytes() for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert SECRET not in kept
    assert b"i" * 32 not in kept


def test_keys_are_copied_only_when_it_is_said_twice_and_never_beside_the_backup(saved, run, keyring, tmp_path):
    furnish(keyring)
    run("restore", saved.folder)
    vault = tmp_path / "vault"
    assert "--i-keep-the-keys-apart" in run("backup", tmp_path / "new", "--with-keys", vault).output
    assert not (tmp_path / "new").exists()
    assert not vault.exists()
    for beside in (tmp_path / "new", tmp_path / "new" / "keys", tmp_path):
        done = run("backup", tmp_path / "new", "--with-keys", beside, "--i-keep-the-keys-apart")
        assert (done.exit_code, "outside the backup" in done.output) == (1, True)
    done = run("backup", tmp_path / "new", "--with-keys", vault, "--i-keep-the-keys-apart")
    assert done.exit_code == 0, done.output
    assert "Keys: 3 files" in done.output
    assert backup.check(tmp_path / "new")
    assert sorted(keys.check(vault)) == ["authority/root.der", "installation.key", "keys/a.key"]
    for path in vault.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_key_of_the_log_goes_with_the_others(target, keyring, tmp_path):
    furnish(keyring)
    halves = [keyring["INSTALLATION_KEY"].with_name(name) for name in keys.OF_LOG]
    for half in halves:
        half.write_text(half.name)
    assert keys.save(target.app, tmp_path / "vault") == 5
    for half in halves:
        half.unlink()
    assert keys.restore(target.app, tmp_path / "vault") == 5
    assert [half.read_text() for half in halves] == list(keys.OF_LOG)
    halves[0].write_text("of another log")
    with pytest.raises(Broken, match="other keys already"):
        keys.restore(target.app, tmp_path / "vault")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_keys_come_back_where_there_are_none_and_replace_no_others(target, keyring, tmp_path):
    furnish(keyring)
    assert keys.save(target.app, tmp_path / "vault") == 3
    for place in (keyring["KEYS"] / "a.key", keyring["AUTHORITY"] / "root.der", keyring["INSTALLATION_KEY"]):
        place.unlink()
    for _again in range(2):
        assert keys.restore(target.app, tmp_path / "vault") == 3
        assert (keyring["KEYS"] / "a.key").read_bytes() == SECRET
    assert stat.S_IMODE(keyring["INSTALLATION_KEY"].stat().st_mode) & 0o077 == 0
    (keyring["KEYS"] / "b.key").write_bytes(b"of somebody else")
    with pytest.raises(Broken, match="other keys already"):
        keys.restore(target.app, tmp_path / "vault")


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda vault: (vault / "keys.json").unlink(), "holds no keys.json"),
        (lambda vault: (vault / "keys/a.key").write_bytes(b"another"), "keys/a.key is not"),
        (lambda vault: (vault / "keys/a.key").unlink(), "other files"),
        (lambda vault: (vault / "more").write_bytes(b""), "other files"),
        (lambda vault: (vault / "keys.json").write_text(json.dumps({"../evil": "0"})), "other files"),
        (lambda vault: (vault / "keys.json").write_text("{"), "cannot be read"),
    ],
)
def test_touched_keys_are_not_put_back(target, keyring, tmp_path, touch, said):
    furnish(keyring)
    keys.save(target.app, tmp_path / "vault")
    touch(tmp_path / "vault")
    with pytest.raises(Broken, match=said):
        keys.check(tmp_path / "vault")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_keys_that_are_not_here_cannot_be_copied(target, keyring, tmp_path):
    with pytest.raises(Broken, match="no keys to save"):
        keys.save(target.app, tmp_path / "vault")
    assert list((tmp_path / "vault").iterdir()) == []


def test_without_the_programs_of_postgresql_their_package_is_named(
    saved_postgresql, target_postgresql, monkeypatch, tmp_path
):
    with target_postgresql.empty() as target:
        target.restore(saved_postgresql.folder)
        monkeypatch.setenv("PATH", str(tmp_path))
        done = target.app.test_cli_runner().invoke(args=["backup", str(tmp_path / "new")])
        assert (done.exit_code, "apt-get install postgresql-client" in done.output) == (1, True)
        assert list((tmp_path / "new").iterdir()) == []
