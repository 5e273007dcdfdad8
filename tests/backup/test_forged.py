"""A forger who makes the manifest fit what he changed is found out all the same, and nothing is served."""

import sqlite3
from contextlib import closing

import pytest

from app import backup, installation
from app.backup import Broken
from app.backup.manifest import DATABASES
from tests.backup.sites import LATER, resealed


def forge(folder, *statements, guards=True):
    """Lay hands on the saved database past every trigger."""
    with closing(sqlite3.connect(folder / DATABASES["sqlite"])) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _sql in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
        for _name, sql in triggers if guards else ():
            connection.execute(sql)
        connection.commit()
    resealed(folder)


EXCHANGED = """
    UPDATE resolution_file SET sha256 = signed.sha256, size = signed.size FROM resolution_file signed
    WHERE signed.stage = 'signed' AND resolution_file.stage = 'sealed'
    AND signed.resolution_id = resolution_file.resolution_id
"""
FORGED = [
    # what somebody does to the saved database, and what is said of it
    ("UPDATE ballot SET choice = 'disagree' WHERE id = 1", "poll 1: ballot 1 says otherwise"),
    ("UPDATE ballot SET choice = 'other' WHERE id = (SELECT max(id) FROM ballot)", "poll 3: ballot 12 says otherwise"),
    (
        "UPDATE signed_statement SET statement = x'7b7d' WHERE id = (SELECT min(statement_id) FROM ballot)",
        r"signed_statement \d+: another hash",
    ),
    (
        "UPDATE signed_statement SET statement = x'7b7d', sha256 ="
        " '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'"
        " WHERE id = (SELECT min(statement_id) FROM ballot)",
        r"signed_statement \d+: digest_mismatch",
    ),
    (
        "UPDATE signed_statement SET cms = x'3000' WHERE id = (SELECT min(statement_id) FROM ballot)",
        r"signed_statement \d+: ",
    ),
    ("UPDATE signed_statement SET certificate_id = certificate_id + 1 WHERE id = 1", "signed_statement 1: wrong_cert"),
    ("UPDATE poll_leaf SET data = CAST(data || ' ' AS BLOB) WHERE poll_id = 1 AND seq = 2", "poll 1: entry 2"),
    (
        "UPDATE poll_leaf SET leaf_hash = root WHERE poll_id = 1 AND seq = 2",
        "poll 1: entry 2 of the log has another hash",
    ),
    ("UPDATE poll_leaf SET root = leaf_hash WHERE poll_id = 3 AND seq = 2", "other polls than the manifest"),
    ("UPDATE poll SET outcome = 'not_adopted' WHERE id = 1", "poll 1: the stored result"),
    ("UPDATE poll SET definition = x'7b7d' WHERE id = 1", "poll 1: the definition"),
    ("UPDATE audit_entry SET payload = '{}' WHERE id = 5", "audit_entry 5: another hash"),
    ("UPDATE audit_entry SET actor_id = 2 WHERE id = 5", "audit_entry 5: another hash"),
    ("UPDATE audit_entry SET subject_id = 4711 WHERE id = 5", "audit_entry 5: is filed under"),
    ("DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)", "nothing in audit_entry"),
    ("DELETE FROM ballot WHERE id = (SELECT max(id) FROM ballot)", "tables.*ballot"),
    ("UPDATE certificate SET der = (SELECT der FROM certificate WHERE id = 2) WHERE id = 1", "certificate 1: another"),
    ("UPDATE resolution_version SET text = x'7b7d'", "resolution_version 1: another hash"),
    ("UPDATE draft_text SET text = x'7b7d'", r"draft_text \d+: another hash"),
    ("UPDATE signature_picture SET png = x'00'", "signature_picture 1: another hash"),
    ("UPDATE document_version SET size = size + 1 WHERE id = 3", "document [0-9a-f]{64} is in"),
    ("UPDATE document_version SET sha256 = hex(zeroblob(32)) WHERE id = 3", "document [0-9a-f]{64} is in"),
    (EXCHANGED, "document [0-9a-f]{64} is in"),
    ("UPDATE signed_statement SET signed_at = '2026-07-30 05:00:00' WHERE kind = 'document_seal'", "time_differs"),
    ("DELETE FROM person WHERE id = 3", "is damaged"),
    ("UPDATE alembic_version SET version_num = '0002'", "has schema 0002"),
]


@pytest.mark.parametrize(("statement", "said"), FORGED, ids=[f"forged-{n}" for n in range(len(FORGED))])
def test_a_forged_database_is_found_out_and_not_served(sqlite_folder, sqlite_target, statement, said):
    forge(sqlite_folder, statement)
    with pytest.raises(Broken, match=said):
        sqlite_target.restore(sqlite_folder)
    with pytest.raises(installation.WrongDatabase, match="restore"):
        installation.check_demo_mark(sqlite_target.app)


def test_a_resolution_whose_sealed_file_was_exchanged_is_found_by_its_signatures(sqlite_folder, sqlite_target):
    forge(sqlite_folder, EXCHANGED)
    with closing(sqlite3.connect(sqlite_folder / DATABASES["sqlite"])) as connection:
        rows = connection.execute("SELECT sha256 FROM resolution_file UNION SELECT sha256 FROM document_version")
        named = {row[0] for row in rows}
    for path in (sqlite_folder / "documents").rglob("?" * 64):
        if path.name not in named:
            path.unlink()
    resealed(sqlite_folder)
    with pytest.raises(Broken, match=r"resolution_file \d+: not validly signed: .*no_seal|missing"):
        sqlite_target.restore(sqlite_folder)


def test_a_damaged_page_is_found(sqlite_folder, sqlite_target):
    path = sqlite_folder / DATABASES["sqlite"]
    content = bytearray(path.read_bytes())
    content[40960:45056] = bytes(4096)
    path.write_bytes(content)
    resealed(sqlite_folder)
    with pytest.raises(Broken, match="is damaged"):
        sqlite_target.restore(sqlite_folder)


def test_a_missing_guard_is_found(sqlite_folder, sqlite_target):
    forge(sqlite_folder, "UPDATE person SET sort_key = sort_key", guards=False)
    with pytest.raises(Broken, match="lacks its guard"):
        sqlite_target.restore(sqlite_folder)


def test_an_older_schema_goes_to_the_release_that_wrote_it(sqlite_folder, sqlite_target):
    forge(sqlite_folder, "UPDATE alembic_version SET version_num = '0002'")
    resealed(sqlite_folder, schema="0002")
    with pytest.raises(Broken, match="has schema 0002"):
        sqlite_target.restore(sqlite_folder)
    assert sqlite_target.left_empty()


def test_on_postgresql_what_a_superuser_changed_is_found(saved_postgresql, target_postgresql, tmp_path):
    with target_postgresql.empty() as target:
        target.restore(saved_postgresql.folder)
        with target.server.connect("ecab_restored") as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE ballot SET choice = 'disagree' WHERE id = (SELECT min(id) FROM ballot)")
        backup.take(tmp_path / "forged", LATER)
    with target_postgresql.empty() as target:
        with pytest.raises(Broken, match="poll 1: ballot 1 says otherwise"):
            target.restore(tmp_path / "forged")
        with pytest.raises(installation.WrongDatabase):
            installation.check_demo_mark(target.app)
