"""What benchmarks share in one run: how long to measure, databases that were filled once, and a clock."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from bench.databases import postgres_database, product_url
from bench.people import Population, Size, load
from bench.programs import SECRET, SETTINGS
from domain.database import open_database
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from server.jobs.releases import make_releases

SMALL = Size(learners=2_000, objectives=50)  # 300 k responses
LARGE = Size(learners=100_000, objectives=100)  # 30 M

RULES = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=SETTINGS["PACELINE_RELEASE_KEY"].encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A PostgreSQL database with a population and its releases. dsn: as asyncpg takes it."""

    dsn: str
    people: Population

    @property
    def url(self) -> str:
        return product_url(self.dsn)


@dataclass(slots=True, kw_only=True)
class Workshop:
    """One run of benchmarks.

    rounds: how often each comparison is repeated. seconds: of load in each.
    heavy: whether to measure what takes gigabytes and minutes. said: tells whoever waits what is being done.
    """

    rounds: int
    seconds: float
    heavy: bool
    said: Callable[[str], None]
    stack: AsyncExitStack
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _filled: dict[Size, Filled] = field(default_factory=dict)

    async def filled(self, size: Size) -> Filled:
        """The database of this size, kept until the run ends."""
        if size not in self._filled:
            self.said(f"loading {size}")
            dsn = await self.stack.enter_async_context(postgres_database())
            people = await load(dsn, size, self.now)
            filled = self._filled[size] = Filled(dsn=dsn, people=people)
            database = open_database(filled.url, statement_seconds=600)
            try:
                await make_releases(database, RULES, self.now)
            finally:
                await database.close()
        return self._filled[size]

    def token(self, subject: str, role: str = "learner", **claims: Any) -> str:
        """A token for the servers that bench.programs starts."""
        content = {"sub": subject, "role": role, "iat": self.now, "exp": self.now + timedelta(days=1), **claims}
        return jwt.encode(content, SECRET, "HS256")
