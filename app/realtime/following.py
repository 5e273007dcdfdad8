"""What the other processes announce, as it comes out of Redis; after every gap the screens are told to ask anew."""

import asyncio
import logging

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.realtime.channel import CHANNEL, Poisoned, decode
from app.realtime.server import Sockets

log = logging.getLogger(__name__)

QUIET = 2.0  # seconds without a word before Redis is asked whether it is still there, and for its answer
AGAIN = 0.5  # seconds between two tries to reach it


class Silent(ConnectionError):
    """The line to Redis is open, and nobody answers on it."""


class Follower:
    """Hears the channel for as long as it runs; `up` says whether announcements arrive now."""

    def __init__(self, url: str, sockets: Sockets) -> None:
        self._url, self._sockets = url, sockets
        self.up = False
        self.refused = 0  # texts that were not ours, since the start

    async def run(self) -> None:
        """Follow until cancelled; a Redis that is away is looked for again and again."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as problem:
                self._lost(problem)
            except Exception as problem:
                log.exception("following the announcements failed")
                self._lost(problem)
            await asyncio.sleep(AGAIN)

    async def _follow(self) -> None:
        once = Retry(NoBackoff(), 0)  # a line made anew in silence would hide what was missed meanwhile
        redis = Redis.from_url(self._url, socket_connect_timeout=QUIET, retry=once)
        async with redis, redis.pubsub() as line:
            await line.subscribe(CHANNEL)
            await self._listen(line)

    async def _listen(self, line: PubSub) -> None:
        asked = False
        while True:
            heard = await line.get_message(timeout=QUIET)
            if heard is None and asked:
                raise Silent("no answer")
            if heard is None:
                await line.ping()
            asked = heard is None
            if heard and heard["type"] == "subscribe":
                self._found()
            elif heard and heard["type"] == "message":
                await self._take(heard["data"])

    async def _take(self, sent: bytes) -> None:
        try:
            await self._sockets.hear(decode(sent))
        except Poisoned as problem:
            self.refused += 1
            log.warning("refused what came over %s: %s", CHANNEL, problem)
        await asyncio.sleep(0)  # what was written goes out before the next one

    def _found(self) -> None:
        log.info("announcements arrive")
        self.up = True
        self._sockets.resync()

    def _lost(self, problem: Exception) -> None:
        if self.up:
            log.warning("announcements do not arrive: %s", problem)
            self._sockets.drift()
        self.up = False
