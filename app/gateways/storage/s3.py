"""Decides how documents lie in an S3-compatible store: uploaded once, never deleted, proved whenever they are read."""

import base64
import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from urllib3.exceptions import HTTPError

from app.gateways.storage.errors import NotStored, StorageFull, StorageUnavailable
from app.gateways.storage.folder import FULL
from app.gateways.storage.interface import Stored, altered, valid
from app.gateways.storage.kept import Kept, nameless
from app.gateways.storage.stream import CHUNK, copy

log = logging.getLogger(__name__)

CONNECTING, ANSWERING = 2, 10  # seconds for one connection, and for the next byte
ATTEMPTS = 2
PATIENCE = 60  # seconds for a whole file: who sends a byte now and then holds nobody for ever
AT_HAND = 256 << 20  # bytes of files read last, so that pages of a paper do not each fetch all of it
FILES_AT_HAND = 64
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
NO_ROOM = frozenset(
    {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
)


class S3Storage:
    """A bucket, or a folder in it: `prefix/ab/ab12…`. Credentials come from the environment as for every AWS program.

    It needs the rights to read and to put objects and to list the bucket, and none to delete.
    """

    def __init__(self, url: str, endpoint: str = "", patience: float = PATIENCE) -> None:
        """`url` is s3://bucket/prefix; without an endpoint it is Amazon's."""
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("the document store is given as s3://bucket/prefix")
        self.bucket, self.prefix, self.endpoint = parts.netloc, parts.path.strip("/"), endpoint
        self._patience = patience
        self._kept = Kept(AT_HAND, FILES_AT_HAND)
        self._opened: tuple[int, Any] = (0, None)
        self._lock = threading.Lock()

    def put(self, source: BinaryIO | bytes, limit: int) -> Stored:
        """Keep the bytes: read to their end first, and sent only when the store does not have them yet."""
        with nameless() as spooled:
            stored, md5 = _spool(source, spooled, limit)
            with self._answers("put", stored.sha256):
                if self._size(stored.sha256) != stored.size:
                    spooled.seek(0)
                    self._client().put_object(
                        **self._named(stored.sha256), Body=spooled, ContentLength=stored.size, ContentMD5=md5
                    )
        return stored

    def open(self, key: str) -> BinaryIO:
        """The bytes under a key, fetched whole and proved before anybody sees the first of them."""
        if (at_hand := self._kept.open(valid(key))) is not None:
            return at_hand
        with nameless() as fetched:
            with self._answers("get", key):
                body = self._client().get_object(**self._named(key))["Body"]
                stored = self._receive(body, fetched)
                fetched.flush()
            if stored.sha256 != key:
                raise altered(key)
            return self._kept.add(key, fetched, stored.size)

    def exists(self, key: str) -> bool:
        """As the store says; StorageUnavailable when there is no such bucket."""
        with self._answers("head", key):
            found = self._size(key) is not None
            if not found:
                self._client().head_bucket(Bucket=self.bucket)
        return found

    def sweep(self) -> int:
        """None: what is sent there is there whole or not at all."""
        return 0

    def _size(self, key: str) -> int | None:
        """Bytes under a key, None without any; a bucket that is not there looks the same."""
        try:
            return int(self._client().head_object(**self._named(key))["ContentLength"])
        except ClientError as error:
            if _code(error) in ABSENT:
                return None
            raise

    def _receive(self, body: Any, target: BinaryIO) -> Stored:
        """The whole answer; StorageUnavailable when it takes longer than anybody would wait."""
        until, seen, size = time.monotonic() + self._patience, hashlib.sha256(), 0
        try:
            while chunk := body.read(CHUNK // 16):  # small pieces, so that the clock is looked at
                seen.update(chunk)
                size += len(chunk)
                target.write(chunk)
                if time.monotonic() > until:
                    raise HTTPClientError(error="the answer takes too long")
        finally:
            body.close()
        return Stored(seen.hexdigest(), size)

    def _named(self, key: str) -> dict[str, str]:
        place = f"{valid(key)[:2]}/{key}"
        return {"Bucket": self.bucket, "Key": f"{self.prefix}/{place}" if self.prefix else place}

    def _client(self) -> Any:
        """One client for each process, made when it is first needed: no connection is shared across a fork."""
        with self._lock:
            if self._opened[0] != os.getpid():
                self._opened = (os.getpid(), _connect(self.endpoint))
            return self._opened[1]

    @contextmanager
    def _answers(self, what: str, key: str) -> Iterator[None]:
        """Say what goes wrong in the words of the contract; the log has the cause, which names no secret."""
        try:
            yield
        except ClientError as error:
            if what != "put" and _code(error) in ABSENT and not _whole_bucket(error):
                raise NotStored from error
            self._log(what, key, error)
            raise (StorageFull if _code(error) in NO_ROOM else StorageUnavailable) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            self._log(what, key, error)
            full = isinstance(error, OSError) and error.errno in FULL  # our own disk, while a file passes through
            raise (StorageFull if full else StorageUnavailable) from error

    def _log(self, what: str, key: str, error: Exception) -> None:
        log.error("document store s3://%s/%s: %s %s: %s", self.bucket, self.prefix, what, key, error)


def _spool(source: BinaryIO | bytes, target: BinaryIO, limit: int) -> tuple[Stored, str]:
    """The source in a local file, with the sum by which the far side proves what arrives (RFC 1864)."""
    try:
        stored = copy(source, target, limit)
        target.seek(0)
        return stored, base64.b64encode(hashlib.file_digest(target, _md5).digest()).decode()  # type: ignore[arg-type]
    except ConnectionError:
        raise  # of the source: the store is well
    except OSError as error:
        log.error("document store: no room to receive a file: %s", error)
        raise (StorageFull if error.errno in FULL else StorageUnavailable) from error


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _connect(endpoint: str) -> Any:
    config = Config(
        connect_timeout=CONNECTING, read_timeout=ANSWERING, max_pool_connections=32,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": "path"} if endpoint else None,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return boto3.session.Session().client("s3", endpoint_url=endpoint or None, region_name=region, config=config)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _whole_bucket(error: ClientError) -> bool:
    return error.operation_name == "HeadBucket"
