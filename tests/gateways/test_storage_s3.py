"""Documents in an S3-compatible store: a real server of that kind, and what happens when it is not well."""

import threading
import time
from hashlib import sha256
from io import BytesIO

import pytest

from app.gateways import storage
from app.gateways.storage import Altered, NotStored, Storage, StorageFull, StorageUnavailable, TooLarge
from app.gateways.storage.kept import Kept, nameless
from app.gateways.storage.s3 import S3Storage
from tests.gateways.storage_cases import (
    ACCESS,
    BUCKET,
    URL,
    answering,
    breaking_off,
    content_of,
    dripping,
    silent,
    status,
)
from tests.servers import free_port

LIMIT = 50 << 20
SOON = 50.0  # seconds within which a dead store is known to be dead


@pytest.fixture
def store(s3_server):
    return s3_server.empty().storage()


@pytest.fixture
def nobody(monkeypatch):
    """A store with credentials, for an address where nothing good listens."""
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    return lambda endpoint, **kwargs: S3Storage(URL, endpoint, **kwargs)


def attempts_at(store):
    key = sha256(b"x").hexdigest()
    return (lambda: store.put(b"x", LIMIT), lambda: store.open(key), lambda: store.exists(key))


def test_the_same_bytes_are_sent_once_and_lie_under_prefix_and_digest(store, s3_server):
    first = store.put(b"To trinh", LIMIT)
    assert s3_server.names() == [f"papers/{first.sha256[:2]}/{first.sha256}"]
    sent = s3_server.client.head_object(Bucket=BUCKET, Key=s3_server.names()[0])["LastModified"]
    time.sleep(1.1)  # the server counts in seconds
    assert store.put(BytesIO(b"To trinh"), LIMIT) == first
    assert s3_server.client.head_object(Bucket=BUCKET, Key=s3_server.names()[0])["LastModified"] == sent


def test_a_torso_under_the_key_is_replaced_by_the_whole_file(store, s3_server):
    whole = b"Nghi quyet"
    s3_server.lay(sha256(whole).hexdigest(), whole[:4])
    stored = store.put(whole, LIMIT)
    assert content_of(store, stored.sha256) == whole


def test_a_large_file_comes_back_whole(store):
    whole = bytes(range(256)) * 40_000
    stored = store.put(BytesIO(whole), LIMIT)
    with store.open(stored.sha256) as source:
        assert source.read() == whole


def test_bytes_that_are_not_those_of_the_key_are_refused_and_logged(store, s3_server, caplog):
    key = sha256(b"genuine").hexdigest()
    s3_server.lay(key, b"forged!")
    with pytest.raises(Altered):
        store.open(key)
    assert key in caplog.text


def test_what_was_read_before_is_at_hand_while_the_store_is_away(store, s3_server):
    stored = store.put(b"Bai doc", LIMIT)
    with store.open(stored.sha256) as first:
        s3_server.client.delete_object(Bucket=BUCKET, Key=s3_server.names()[0])
        with store.open(stored.sha256) as second:
            assert (first.read(3), second.read(), first.read()) == (b"Bai", b"Bai doc", b" doc")


def test_a_bucket_that_is_not_there_is_a_store_that_is_away(s3_server):
    store = S3Storage("s3://elsewhere", s3_server.empty().endpoint)
    for attempt in attempts_at(store):
        with pytest.raises(StorageUnavailable):
            attempt()


def test_one_byte_too_many_is_not_sent(store, s3_server):
    with pytest.raises(TooLarge):
        store.put(BytesIO(b"x" * 11), 10)
    assert s3_server.names() == []


def test_a_source_that_breaks_off_is_not_sent_and_is_no_fault_of_the_store(store, s3_server):
    class Broken(BytesIO):
        def read(self, size=-1):
            raise ConnectionError("the tablet went away")

    with pytest.raises(ConnectionError):
        store.put(Broken(), LIMIT)
    assert s3_server.names() == []


def test_a_dead_endpoint_is_known_within_seconds(nobody):
    store = nobody(f"http://127.0.0.1:{free_port()}")
    for attempt in attempts_at(store):
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable):
            attempt()
        assert time.monotonic() - begun < SOON


def test_an_endpoint_that_never_answers_is_given_up(nobody, monkeypatch):
    monkeypatch.setattr("app.gateways.storage.s3.ANSWERING", 1)
    with answering(silent) as endpoint:
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable):
            nobody(endpoint).open("0" * 64)
        assert time.monotonic() - begun < SOON


def test_an_answer_that_only_drips_is_given_up(nobody):
    with answering(dripping) as endpoint:
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable):
            nobody(endpoint, patience=0.2).open("0" * 64)
        assert time.monotonic() - begun < SOON


def test_an_answer_that_breaks_off_is_no_file(nobody):
    with answering(breaking_off) as endpoint, pytest.raises(StorageUnavailable):
        nobody(endpoint).open("0" * 64)


@pytest.mark.parametrize(
    ("code", "name", "error"),
    [("403", "AccessDenied", StorageUnavailable), ("403", "SignatureDoesNotMatch", StorageUnavailable),
     ("404", "NoSuchKey", NotStored), ("404", "NoSuchBucket", StorageUnavailable),
     ("507", "XMinioStorageFull", StorageFull), ("500", "InternalError", StorageUnavailable)],
)  # fmt: skip
def test_each_refusal_of_the_server_has_its_own_name_here(nobody, code, name, error):
    with answering(status(code, name)) as endpoint, pytest.raises(error):
        nobody(endpoint).open("0" * 64)


def test_a_full_server_leaves_the_same_refusal_as_a_full_disk(nobody):
    with answering(status("507", "InsufficientStorage")) as endpoint, pytest.raises(StorageFull) as refusal:
        nobody(endpoint).put(b"x", LIMIT)
    assert refusal.value.http_status == 507


def test_wrong_credentials_are_a_store_that_cannot_be_used_and_no_secret_is_logged(s3_server, store, caplog):
    kept = store.put(b"x", LIMIT)
    s3_server.tell("/moto-api/reset-auth", b"0")  # from now on the server asks who it is
    try:
        for attempt in attempts_at(s3_server.storage()):
            with pytest.raises(StorageUnavailable):
                attempt()
        with pytest.raises(StorageUnavailable):
            s3_server.storage().open(kept.sha256)
    finally:
        s3_server.tell("/moto-api/reset-auth", b"inf")
    assert ACCESS["AWS_SECRET_ACCESS_KEY"] not in caplog.text
    assert "InvalidAccessKeyId" in caplog.text


def test_no_credentials_at_all_are_a_store_that_cannot_be_used(monkeypatch):
    for name in ACCESS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StorageUnavailable):
        S3Storage(URL, "http://127.0.0.1:1").put(b"x", LIMIT)


def test_many_readers_and_writers_at_once_get_what_is_theirs(store):
    wrong, contents = [], [bytes([number]) * 5000 for number in range(8)]

    def work(content):
        for _turn in range(3):
            if content_of(store, store.put(content, LIMIT).sha256) != content:
                wrong.append(content)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("url", ["http://host/bucket", "s3://", "s3:///prefix", "/srv/documents", "s3://b/?x=1"])
def test_an_address_that_is_not_of_this_kind_is_refused(url, tmp_path):
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        storage.at(url, tmp_path)


def test_without_an_address_documents_lie_in_the_folder(tmp_path):
    assert isinstance(storage.at("", tmp_path / "documents"), Storage)
    assert isinstance(storage.at(URL, tmp_path, "http://127.0.0.1:1"), S3Storage)


def laid_by(kept, key, content):
    with nameless() as file:
        file.write(content)
        file.flush()
        return kept.add(key, file, len(content))


def test_what_is_kept_at_hand_never_exceeds_its_room():
    kept = Kept(10, 3)
    in_use = laid_by(kept, "a", b"12345")
    laid_by(kept, "b", b"67890").close()
    kept.open("a").close()  # read last
    laid_by(kept, "c", b"xyz").close()
    assert kept.open("b") is None
    with kept.open("a") as again:
        assert again.read() == b"12345"
    laid_by(kept, "huge", b"x" * 11).close()
    assert [kept.open(key) for key in ("a", "c", "huge")] == [None, None, None]
    with in_use:
        assert in_use.read() == b"12345"
