"""Announcements by Redis, to whoever has subscribed to the channel."""

from collections.abc import Callable, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.announcements.bus import Bus, BusUnavailable, Heard

CHANNEL: Final = "paceline:learners"
ANSWER_SECONDS: Final = 5
PROBE_SECONDS: Final = 5.0
"""So often a silent connection is asked for a sign of life."""

FAULTS = (OSError, TimeoutError, RedisError)


class RedisBus(Bus):
    """url: `redis://HOST:PORT/NUMBER`. Every database of a server hears the same channels."""

    def __init__(self, url: str, *, probe_seconds: float = PROBE_SECONDS) -> None:
        self._probe_seconds = probe_seconds
        self._redis = Redis.from_url(
            url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, decode_responses=True
        )

    async def publish(self, texts: Sequence[str]) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for text in texts:
                    _ = pipeline.publish(CHANNEL, text)  # the pipeline itself, until it is executed
                await pipeline.execute()
        except FAULTS as fault:
            raise BusUnavailable from fault

    async def listen(self, heard: Heard, began: Callable[[], None]) -> None:
        try:
            async with self._redis.pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                while True:
                    message = await subscription.get_message(timeout=self._probe_seconds)
                    if message is None:
                        await subscription.ping()
                    elif message["type"] == "subscribe":  # sent anew where the library itself has connected again
                        began()
                    elif message["type"] == "message":
                        heard(message["data"])
        except FAULTS as fault:
            raise BusUnavailable from fault

    async def close(self) -> None:
        await self._redis.aclose()
