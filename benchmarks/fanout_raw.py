"""The anchor of the screens: `websockets` and its broadcast on uvloop, fed by the same channel of Redis, no rules.

`python -m benchmarks.fanout_raw PORT REDIS_PORT`
"""

import asyncio
import json
import sys

import uvloop
from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: set[ServerConnection] = set()


async def hold(connection: ServerConnection) -> None:
    connections.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connections.discard(connection)


async def main(port: int, redis_port: int) -> None:
    async with (
        serve(hold, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096),
        Redis(port=redis_port).pubsub() as line,
    ):
        await line.subscribe("ecabinet:live")
        async for heard in line.listen():
            if heard["type"] == "message":
                told = json.dumps(["fact", json.loads(heard["data"])["message"]], separators=(",", ":"))
                broadcast(connections, "42/meetings," + told)
                await asyncio.sleep(0)


uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
