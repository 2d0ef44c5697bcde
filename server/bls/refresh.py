"""Keeps what is stored of BLS's series fresh: on demand of a query, by the daily job, by command.

However many processes ask, together they keep BLS's quota, and after a failure or a refusal none of them asks again
before its time: each request is reserved in the database before it is sent (domain/series/quota.py).
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from domain.database import Database
from domain.errors import PacelineError
from domain.series.freshness import (
    FRESH,
    FRESH_BY_JOB,
    RENEWED_BY_JOB,
    Fetched,
    FetchPolicy,
    Need,
    Outage,
    Renewed,
    lacking,
)
from domain.series.queries import fetches_by_series, requests_since
from domain.series.quota import SOURCE, Ask, Later, Outcome, earliest_that_counts, filled, hindrance, portions
from domain.series.sources import asked_together
from domain.series.writes import (
    hindrance_to_asking,
    note_fetched,
    reserve_request,
    settle_request,
    store_observations,
)
from server.bls.answers import AnswerClass
from server.bls.client import NoAnswer, Source
from server.clock import Clock
from server.metrics import SOURCE_REQUESTS

log = structlog.get_logger()

ATTEMPTS = 3  # of one request, where sending it once more may help
RETRY_SECONDS = 0.25  # between the first two, at random up to so many; then up to twice that
LONGEST_RETRY_SECONDS = 2
TURN_SECONDS = 0.2  # between two looks whether it is our turn
LONGEST_TURN_SECONDS = 60


class NotNow(Exception):
    """Nothing may be asked before *later*."""

    def __init__(self, later: Later) -> None:
        super().__init__(str(later.why))
        self.later = later


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What came of a refresh. series: asked for. requests: answered. figures: that are new or revised.

    hindered: why it ended before its end; None where it did not. again: when it may go on, where that is known.
    """

    series: int
    requests: int
    figures: int
    hindered: str | None = None
    again: Later | None = None


class Refresher:
    """Asks a source for what the store lacks.

    policy: whether queries do. patience: seconds that a query waits; what it waited for goes on, for the next one.
    """

    def __init__(
        self, database: Database, source: Source, clock: Clock, *, policy: FetchPolicy, patience: float
    ) -> None:
        self._database = database
        self._source = source
        self._clock = clock
        self._policy = policy
        self._patience = patience
        self._flights: dict[str, asyncio.Task[None]] = {}  # by the series that they ask for
        self._closing = False

    async def renew(self, needs: Collection[Need]) -> Renewed:
        """Sees to it that the store has what a query *needs*, as far as the policy and the source's state let it."""
        if not needs or self._policy is FetchPolicy.OFF:
            return Renewed()
        companions = {other for need in needs for other in asked_together().get(need.series_id, ())}
        fetched = await self._fetched({need.series_id for need in needs} | companions)
        if self._policy is FetchPolicy.JOB:
            now = self._clock()
            aged = (one.series_id for one in fetched.values() if abs(now - one.fetched_at) >= FRESH_BY_JOB)
            return Renewed(stale=frozenset(aged) & {need.series_id for need in needs})
        due = self._due(needs, fetched)
        if not due:
            return Renewed()
        later = await self._hindrance()
        if (later is None or later.why.short) and not self._closing:
            # Not cancelled when the query has waited enough, nor when its client is gone.
            await asyncio.wait(self._flights_for(needs, due, fetched), timeout=self._patience)
            due = self._due(needs, await self._fetched(due))
            later = await self._hindrance() if due else None
        return Renewed(stale=frozenset(due), outage=Outage(again=later) if due else None)

    def _due(
        self, needs: Iterable[Need], fetched: Mapping[str, Fetched], fresh: timedelta = FRESH
    ) -> dict[str, tuple[int, int]]:
        """The years to ask for, of each series that has some."""
        now, span = self._clock(), self._source.quota.years
        found: dict[str, tuple[int, int]] = {}
        for need in needs:
            years = lacking(need, fetched.get(need.series_id), now, span, fresh=fresh)
            if years is not None:
                first, last = found.get(need.series_id, years)
                found[need.series_id] = min(first, years[0]), max(last, years[1])
        return found

    def _flights_for(
        self, needs: Collection[Need], due: Mapping[str, tuple[int, int]], fetched: Mapping[str, Fetched]
    ) -> set[asyncio.Task[None]]:
        """The flights that ask for what is *due*; what nobody asks for yet takes off, with what fits in beside."""
        new = {series_id: years for series_id, years in due.items() if series_id not in self._flights}
        if new:
            beside = [
                Need(series_id=other, first_year=need.first_year, last_year=need.last_year)
                for need in needs
                if need.series_id in new
                for other in asked_together().get(need.series_id, ())
                if other not in self._flights and other not in due
            ]
            new = filled(new, self._due(beside, fetched), self._source.quota)
            flight = asyncio.create_task(self._fly(portions(new, self._source.quota)))
            self._flights |= dict.fromkeys(new, flight)
            flight.add_done_callback(self._landed)
        return {self._flights[series_id] for series_id in due}

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._flights = {series_id: other for series_id, other in self._flights.items() if other is not flight}
        if not flight.cancelled() and (fault := flight.exception()) is not None:
            log.error("series could not be refreshed", exc_info=fault)

    async def _fly(self, asks: Sequence[Ask]) -> None:
        try:
            for ask in asks:
                await self._ask(ask)
        except (NoAnswer, NotNow) as fault:
            log.info("series are not refreshed", reason=str(fault))
        except PacelineError as fault:  # the database's: whoever waits meets it as well
            log.warning("series could not be stored", exc_info=fault)

    async def refresh(self, needs: Collection[Need], fresh: timedelta = RENEWED_BY_JOB) -> Refreshed:
        """Asks for what *needs* lack, be it only *fresh* no longer, until it is done or hindered."""
        due = self._due(needs, await self._fetched({need.series_id for need in needs}), fresh)
        requests = figures = 0
        try:
            for ask in portions(due, self._source.quota):
                new = await self._ask(ask, fresh)
                if new is not None:
                    requests, figures = requests + 1, figures + new
        except (NoAnswer, NotNow) as fault:
            again = await self._hindrance()
            return Refreshed(series=len(due), requests=requests, figures=figures, hindered=str(fault), again=again)
        return Refreshed(series=len(due), requests=requests, figures=figures)

    async def _ask(self, ask: Ask, fresh: timedelta = FRESH) -> int | None:
        """Sends *ask*, more than once where that may help; returns how many figures are news.

        What somebody else has fetched meanwhile, and is *fresh*, is left out; None where nothing is left to ask for.
        Raises NoAnswer and NotNow.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda fault: isinstance(fault, NoAnswer) and fault.again),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=RETRY_SECONDS, max=LONGEST_RETRY_SECONDS),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._attempt(ask, fresh, again=attempt.retry_state.attempt_number > 1)
        raise AssertionError("tenacity ends by returning or raising")

    async def _attempt(self, ask: Ask, fresh: timedelta, *, again: bool) -> int | None:
        turn = await self._turn(ask, fresh, again=again)
        if turn is None:
            return None
        request_id, ask = turn
        # A bug from here on leaves the request pending, which counts as a failure when its time is over.
        try:
            answer = await self._source.answer(ask)
        except NoAnswer as fault:
            log.warning("BLS did not answer", reason=str(fault), series=len(ask.series_ids))
            await self._settle(request_id, Outcome.FAILED)
            raise
        if not answer.kind.usable:
            # Not what it says: that may hold the key.
            log.warning("BLS refused", answer=str(answer.kind))
            refused = answer.kind is AnswerClass.QUOTA_EXHAUSTED
            await self._settle(request_id, Outcome.REFUSED if refused else Outcome.FAILED)
            raise NoAnswer(f"it answered {answer.kind}", again=False)
        if unknown := answer.unknown(ask.series_ids):
            log.warning("BLS knows no such series", unknown=unknown)
        asked = set(ask.series_ids)
        said = [one for one in answer.observations() if one.series_id in asked]
        now = self._clock()
        async with self._database.write() as writing:
            await settle_request(writing, request_id, Outcome.ANSWERED)
            figures = await store_observations(writing, said, now)
            await note_fetched(writing, ask, now)
        SOURCE_REQUESTS.labels(Outcome.ANSWERED).inc()
        log.info("series refreshed", series=len(asked), figures=figures, answer=str(answer.kind))
        return figures

    async def _turn(self, ask: Ask, fresh: timedelta, *, again: bool) -> tuple[int, Ask] | None:
        """Reserves a request for what nobody has fetched yet of *ask*; None where nothing is left.

        Raises NotNow.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_TURN_SECONDS
        while True:
            async with self._database.write() as writing:
                now = self._clock()
                later = await hindrance_to_asking(writing, now, self._source.quota, again=again)
                if later is None:
                    # Only now: an answer that was under way until then has been stored.
                    left = self._left(ask, await fetches_by_series(writing, ask.series_ids), fresh)
                    return None if left is None else (await reserve_request(writing, now), left)
            if not later.why.short or loop.time() >= until:
                raise NotNow(later)
            await asyncio.sleep(TURN_SECONDS)

    def _left(self, ask: Ask, fetched: Mapping[str, Fetched], fresh: timedelta) -> Ask | None:
        """What is still due of *ask*."""
        needs = [
            Need(series_id=series_id, first_year=ask.first_year, last_year=ask.last_year)
            for series_id in ask.series_ids
        ]
        due = self._due(needs, fetched, fresh)
        left = tuple(series_id for series_id in ask.series_ids if series_id in due)
        return Ask(series_ids=left, first_year=ask.first_year, last_year=ask.last_year) if left else None

    async def _settle(self, request_id: int, outcome: Outcome) -> None:
        async with self._database.write() as writing:
            await settle_request(writing, request_id, outcome)
        SOURCE_REQUESTS.labels(outcome).inc()

    async def _hindrance(self) -> Later | None:
        now = self._clock()
        async with self._database.read() as reading:
            requests = await requests_since(reading, SOURCE, earliest_that_counts(now))
        return hindrance(requests, now, self._source.quota)

    async def _fetched(self, series_ids: Collection[str]) -> Mapping[str, Fetched]:
        async with self._database.read() as reading:
            return await fetches_by_series(reading, sorted(series_ids))

    async def close(self) -> None:
        """Gives up what is under way."""
        self._closing = True
        flights = set(self._flights.values())
        for flight in flights:
            flight.cancel()
        if flights:
            await asyncio.wait(flights)
        await self._source.close()
