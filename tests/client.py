"""A served Paceline and a client of it, over real HTTP on the loopback."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import uvicorn
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from domain.database import Database, Replica
from domain.performance.registry import Registry
from server.app import create_app
from server.difficulty_metrics import installed
from server.protocols import HttpProtocol, WebSocketProtocol
from server.settings import Settings
from server.subscriptions.limits import MESSAGE_BYTES, SubscriptionLimits
from tests.builders import NOW

SECRET = "signing key for tests, 32 bytes long"


def token(
    learner_id: str, role: str = "learner", *, cohorts: list[str] | None = None, now: datetime = NOW, **claims: Any
) -> str:
    """A signed token."""
    content = {"sub": learner_id, "role": role, "exp": now + timedelta(hours=1), **claims}
    return jwt.encode(content | ({"cohorts": cohorts} if cohorts is not None else {}), SECRET, "HS256")


@dataclass(frozen=True, slots=True)
class Client:
    """Asks one server as one caller."""

    http: httpx.AsyncClient
    headers: Mapping[str, str]

    async def post(self, document: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        """The raw response to a GraphQL request."""
        content = {"query": document, "variables": variables or {}}
        return await self.http.post("/graphql", json=content, headers=self.headers)

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer: `data`, and `errors` where there are any."""
        answered: dict[str, Any] = (await self.post(document, variables)).json()
        return answered

    async def data(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        answered = await self.ask(document, variables)
        assert "errors" not in answered, answered["errors"]
        data: dict[str, Any] = answered["data"]
        return data

    async def error(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The only error of an answer that has one."""
        answered = await self.ask(document, variables)
        [error] = answered["errors"]
        found: dict[str, Any] = error
        return found


@dataclass(slots=True)
class Served:
    """A running server.

    now: what its clock says; tests move it. statements: the SQL that it ran since they were cleared.
    """

    http: httpx.AsyncClient
    database: Database
    replica: Replica | None = None
    now: datetime = NOW
    statements: list[str] = field(default_factory=list)

    def client(self, bearer: str | None) -> Client:
        return Client(self.http, {} if bearer is None else {"Authorization": f"Bearer {bearer}"})

    def learner(self, learner_id: str) -> Client:
        return self.client(token(learner_id, now=self.now))

    def educator(self, *cohort_ids: str) -> Client:
        return self.client(token("5ca1ab1e-0000-4000-8000-000000000001", "educator", cohorts=list(cohort_ids)))

    def admin(self) -> Client:
        return self.client(token("5ca1ab1e-0000-4000-8000-000000000002", "admin", now=self.now))

    def service(self) -> Client:
        return self.client(token("ingester", "service", now=self.now))


class OwnSettings(Settings):
    """Settings that are what a test says; looking for others takes longer than most servers need to start."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def settings_for(database_url: str, **overrides: Any) -> Settings:
    """Settings of a server under test, whatever the environment says."""
    values = {
        "database_url": database_url,
        "auth_secret": SECRET,
        "pseudonym_key": "pseudonym key for tests, 32 bytes",
        "release_key": "noise key for tests, 32 bytes long",
        # A test's load comes from one caller; tests/server/test_rates.py switches them on.
        "rate_limit": "off",
        "cost_rate_limit": "off",
        # Tests write into the database past the server; tests/server/test_keeping.py does not.
        "kept_learners": 0,
        # The machine may have much else to do. A test of the time that a request has sets its own.
        "request_timeout": 60,
        "bls_fetch": "off",  # no test asks BLS; those that fetch bring a server that answers in its place
        **overrides,
    }
    return OwnSettings(**values)


# Looking for packages, and httpx's reading of all certificates, take longer than most tests.
installed_metrics = cache(installed)
UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    difficulty_metrics: Registry | None = None,
    subscription_limits: SubscriptionLimits | None = None,
    http_protocol: type[HttpProtocol] = HttpProtocol,
    **overrides: Any,
) -> AsyncIterator[Served]:
    """A server on a port of its own, with a client that talks to it."""
    # Named as TCP, or asyncio takes it for something else and each answer waits 40 ms for an acknowledgement (Nagle).
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    port = listening.getsockname()[1]
    holder: list[Served] = []
    app = create_app(
        settings_for(database_url, **overrides),
        clock=lambda: holder[0].now if holder else NOW,
        difficulty_metrics=installed_metrics() if difficulty_metrics is None else difficulty_metrics,
        subscription_limits=subscription_limits,
    )
    config = uvicorn.Config(
        app,
        http=http_protocol,
        ws=WebSocketProtocol,
        log_config=None,
        access_log=False,  # as `paceline serve` has it; pytest's own handlers would switch it on
        lifespan="on",
        timeout_graceful_shutdown=2,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120, verify=UNUSED_TLS) as http:
        served = Served(http, app.state.database, app.state.replica)
        holder.append(served)
        served.database.watch = served.statements.append
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has a flag and no event
            await asyncio.sleep(0.005)
        try:
            yield served
        finally:
            server.should_exit = True
            await running
