"""One contract for folder, S3 and memory; the folder also keeps its promises when the disk does not."""

import errno
import os
import time
from hashlib import sha256
from io import BytesIO

import pytest

from app.gateways.storage import Altered, MemoryStorage, NotStored, Storage, StorageFull, StorageUnavailable, TooLarge
from tests.gateways.storage_cases import content_of

LIMIT = 1000


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request, tmp_path):
    if request.param == "s3":
        return request.getfixturevalue("s3_server").empty().storage()
    return Storage(tmp_path / "documents") if request.param == "folder" else MemoryStorage()


@pytest.fixture
def folder(tmp_path):
    return Storage(tmp_path / "documents")


def everything_in(store):
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


def test_what_was_put_is_read_back_under_its_digest(store):
    stored = store.put(b"Nghi quyet", LIMIT)
    assert (stored.sha256, stored.size) == (sha256(b"Nghi quyet").hexdigest(), 10)
    with store.open(stored.sha256) as stream:
        assert stream.read() == b"Nghi quyet"


def test_a_stream_and_its_bytes_are_the_same_file(store):
    assert store.put(BytesIO(b"x" * LIMIT), LIMIT) == store.put(b"x" * LIMIT, LIMIT)


def test_what_was_put_is_there_and_can_be_read_by_several_at_once(store):
    key = store.put(b"Nghi quyet", LIMIT).sha256
    assert store.exists(key)
    with store.open(key) as first, store.open(key) as second:
        assert (first.read(5), second.read(), first.read()) == (b"Nghi ", b"Nghi quyet", b"quyet")


def test_a_reader_may_go_back_and_forth(store):
    with store.open(store.put(b"0123456789", LIMIT).sha256) as source:
        source.seek(8)
        assert source.read() == b"89"
        source.seek(0)
        assert source.read(2) == b"01"


def test_a_sweep_takes_nothing_that_is_stored(store):
    key = store.put(b"Nghi quyet", LIMIT).sha256
    assert store.sweep() == 0
    assert store.exists(key)


def test_what_a_writer_left_behind_is_swept_after_a_day_and_what_is_being_written_is_not(folder):
    key = folder.put(b"Nghi quyet", LIMIT).sha256
    torso, young, other = (folder.folder / name for name in (".incoming-dead", ".incoming-now", ".other"))
    for path in (torso, young, other):
        path.write_bytes(b"half")
    day_ago = time.time() - 24 * 3600 - 60
    for path in (torso, other, folder._place(key)):
        os.utime(path, (day_ago, day_ago))
    assert (folder.sweep(), folder.sweep()) == (1, 0)
    assert [path.exists() for path in (torso, young, other)] == [False, True, True]
    assert folder.exists(key)


def test_an_unknown_digest_is_not_stored(store):
    assert not store.exists("0" * 64)
    with pytest.raises(NotStored):
        store.open("0" * 64)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 62 + "/."])
def test_a_key_that_is_no_digest_is_refused(store, key):
    for attempt in (store.exists, store.open):
        with pytest.raises(ValueError, match="64 hex"):
            attempt(key)


def test_an_empty_file_is_a_file(store):
    stored = store.put(b"", LIMIT)
    assert (stored.size, content_of(store, stored.sha256)) == (0, b"")


def test_one_byte_too_many_is_refused(store):
    with pytest.raises(TooLarge):
        store.put(BytesIO(b"x" * (LIMIT + 1)), LIMIT)
    assert not store.exists(sha256(b"x" * (LIMIT + 1)).hexdigest())


def test_a_refused_file_leaves_nothing_in_the_folder(folder):
    with pytest.raises(TooLarge):
        folder.put(BytesIO(b"x" * (LIMIT + 1)), LIMIT)
    assert everything_in(folder) == []


def test_a_stream_that_breaks_off_leaves_nothing_in_the_folder(folder):
    class Broken(BytesIO):
        def read(self, size=-1):
            raise ConnectionError("the tablet went away")

    with pytest.raises(ConnectionError):
        folder.put(Broken(), LIMIT)
    assert everything_in(folder) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_refusal_without_a_torso(folder, monkeypatch, code):
    def full(handle):
        raise OSError(code, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull) as refusal:
        folder.put(b"x" * 100, LIMIT)
    assert refusal.value.http_status == 507
    assert everything_in(folder) == []


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.EACCES])
def test_another_fault_of_the_disk_is_not_called_full_and_leaves_no_torso(folder, monkeypatch, code):
    def broken(handle):
        raise OSError(code, "out of order")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StorageUnavailable) as refusal:
        folder.put(b"x", LIMIT)
    assert refusal.value.http_status == 503
    assert everything_in(folder) == []


def test_a_file_is_not_called_lost_while_the_whole_folder_is_away(folder):
    stored = folder.put(b"x", LIMIT)
    away = folder.folder.rename(folder.folder.with_name("away"))
    with pytest.raises(StorageUnavailable):
        folder.open(stored.sha256)
    with pytest.raises(StorageUnavailable):
        folder.put(b"y", LIMIT)
    away.rename(folder.folder)
    with folder.open(stored.sha256) as source:
        assert source.read() == b"x"


def test_nothing_carries_its_name_before_it_is_on_the_disk(folder, monkeypatch):
    steps = []
    real_sync, real_rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("fsync"), real_sync(handle)))
    monkeypatch.setattr(os, "rename", lambda a, b: (steps.append("rename"), real_rename(a, b)))
    folder.put(b"x", LIMIT)
    assert steps == ["fsync", "rename", "fsync", "fsync"]


def test_only_the_owner_may_read_and_nobody_may_write(folder):
    stored = folder.put(b"x", LIMIT)
    assert (folder.folder / stored.sha256[:2] / stored.sha256).stat().st_mode & 0o777 == 0o400


def test_bytes_changed_in_the_folder_are_refused_and_logged_even_after_they_were_read(folder, caplog):
    stored = folder.put(b"Dieu 1", LIMIT)
    folder.open(stored.sha256).close()
    place = folder.folder / stored.sha256[:2] / stored.sha256
    place.chmod(0o600)
    facts = place.stat()
    place.write_bytes(b"Dieu 2")
    os.utime(place, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as if nothing had happened
    with pytest.raises(Altered):
        folder.open(stored.sha256)
    assert stored.sha256 in caplog.text
    folder.put(b"Dieu 1", LIMIT)  # the same upload again heals it
    assert content_of(folder, stored.sha256) == b"Dieu 1"


def test_bytes_changed_in_memory_are_refused():
    store = MemoryStorage()
    key = store.put(b"Dieu 1", LIMIT).sha256
    store.files[key] = b"Dieu 2"
    with pytest.raises(Altered):
        store.open(key)


def test_a_file_that_did_not_change_is_proved_once(folder, monkeypatch):
    stored = folder.put(b"x" * 100, LIMIT)
    proofs = []
    from app.gateways.storage import folder as module

    real = module.digest_of
    monkeypatch.setattr(module, "digest_of", lambda source: (proofs.append(1), real(source))[1])
    for _page in range(5):
        folder.open(stored.sha256).close()
    assert len(proofs) == 1
