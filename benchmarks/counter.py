"""An SMS gateway that takes every message at once and counts: `python -m benchmarks.counter PORT`.

POST takes a message by the contract of docs/sms-gateway.md; GET says how many came in all, and how many of them were
different ones.
"""

import asyncio
import json
import re
import signal
import sys

KEY = re.compile(rb"\r\nidempotency-key: ([^\r]+)\r\n", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
keys: set[bytes] = set()
came = 0


class Line(asyncio.Protocol):
    """One connection, with a request at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, ended, body = self.data.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        if not ended or len(body) < (int(length[1]) if length else 0):
            return
        self.data = b""
        said = json.dumps({"id": self.take(head + b"\r\n")} if length else {"came": came, "different": len(keys)})
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said.encode()))  # type: ignore[attr-defined]

    def take(self, head: bytes) -> int:
        global came  # noqa: PLW0603 - one counter, one thread
        came += 1
        if found := KEY.search(head):
            keys.add(found[1])
        return came


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell starts what runs in the background deaf to it
    asyncio.run(main(int(sys.argv[1])))
