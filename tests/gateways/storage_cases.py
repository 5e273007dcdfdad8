"""Stores for tests: one of each kind, a real S3 server on loopback, and servers that do not keep their word."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from app.gateways.storage import Store
from app.gateways.storage.s3 import S3Storage
from tests.servers import free_port

BUCKET = "ecabinet"
URL = f"s3://{BUCKET}/papers"
ACCESS = {"AWS_ACCESS_KEY_ID": "app", "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anybody"}


def content_of(store: Store, key: str) -> bytes:
    with store.open(key) as source:
        return source.read()


class S3Server:
    """An S3-compatible server on a free port, and the hand of whoever administers it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        return boto3.session.Session().client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
            aws_access_key_id="administrator", aws_secret_access_key="not-a-secret-either",
        )  # fmt: skip

    def empty(self) -> "S3Server":
        """Forget everything, then make the bucket."""
        self.tell("/moto-api/reset")
        self.client.create_bucket(Bucket=BUCKET)
        return self

    def tell(self, path: str, body: bytes = b"") -> None:
        request = Request(f"{self.endpoint}{path}", body, {"Content-Type": "text/plain"})  # noqa: S310 - our own server
        with urlopen(request, timeout=60):  # noqa: S310 - the same
            pass

    def names(self) -> list[str]:
        return [each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def lay(self, key: str, content: bytes) -> None:
        """Put any bytes under a key, as whoever holds the disks can."""
        self.client.put_object(Bucket=BUCKET, Key=f"papers/{key[:2]}/{key}", Body=content)

    def storage(self, **kwargs: Any) -> S3Storage:
        return S3Storage(URL, self.endpoint, **kwargs)

    def stop(self) -> None:
        self._server.stop()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that treats every connection like this, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _address = server.accept()
                    threading.Thread(target=_talk, args=(answer, connection), daemon=True).start()

        listening = threading.Thread(target=serve, daemon=True)
        listening.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            listening.join()


def _talk(answer: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(30)
        answer(connection)


def silent(connection: socket.socket) -> None:
    """Listens, and says nothing."""
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    """Promises a file and sends a byte of it now and then."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nContent-Type: application/pdf\r\n\r\n")
    for _byte in range(200):
        connection.sendall(b"x" * 70000)
        time.sleep(0.05)


def breaking_off(connection: socket.socket) -> None:
    """Promises more than it sends."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/pdf\r\n\r\nhalf")


def status(code: str, name: str) -> Callable[[socket.socket], None]:
    """Refuses with an error of S3."""

    def answer(connection: socket.socket) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>no</Message></Error>".encode()
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 %s X\r\nContent-Length: %d\r\n\r\n%s" % (code.encode(), len(body), body))

    return answer
