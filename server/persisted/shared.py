"""Documents that all processes of a deployment know, in Redis."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from server.availability import Availability
from server.persisted.reference import digest_of

LIFETIME_SECONDS: Final = 7 * 24 * 3600
"""Of a document in Redis. A client whose document is gone sends it once more, unasked."""

MOST_SHARED: Final = 10_000
"""Documents in Redis; a deployment's clients have some hundreds, and the oldest make room."""

ANSWER_SECONDS: Final = 0.5
"""Redis has so long to answer: without it, the client is only asked to send its document."""

CONNECTIONS: Final = 8

# One hash tag, so that all keys lie on one node of a cluster.
INDEX: Final = "{paceline:documents}"

FAULTS = (OSError, TimeoutError, RedisError)

_KEEP: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[1], now, KEYS[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - ARGV[3]
if over > 0 then
  redis.call('DEL', unpack(redis.call('ZRANGE', KEYS[1], 0, over - 1)))
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, over - 1)
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""


class SharedDocuments:
    """The documents that all processes of a deployment know, in Redis; as good as empty while it is away.

    url: as PACELINE_REDIS_URL. most: documents kept.
    """

    def __init__(self, url: str, *, most: int = MOST_SHARED, availability: Availability | None = None) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            decode_responses=True,
        )
        self._redis = Redis.from_pool(pool)
        self._keep = self._redis.register_script(_KEEP)
        self._most = most
        self._availability = availability or Availability("redis", "persisted documents")

    async def find(self, digest: str) -> str | None:
        """The document with this digest, if it is there."""
        if not self._availability.is_worth_asking():
            return None
        try:
            text = await self._redis.get(_key(digest))
        except FAULTS as fault:
            self._availability.failed(fault)
            return None
        self._availability.answered()
        # Whatever else writes to that Redis, a digest means one text.
        return text if isinstance(text, str) and digest_of(text) == digest else None

    async def keep(self, digest: str, text: str) -> None:
        """Keeps a document, the oldest ones making room."""
        if not self._availability.is_worth_asking():
            return
        try:
            await self._keep([INDEX, _key(digest)], [text, LIFETIME_SECONDS, self._most])
        except FAULTS as fault:
            self._availability.failed(fault)
        else:
            self._availability.answered()

    async def close(self) -> None:
        await self._redis.aclose()


def _key(digest: str) -> str:
    return f"{INDEX}:{digest}"
