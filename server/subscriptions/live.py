"""One subscription: an operation that is answered again and again, and told whenever the answer differs.

Its root field is resolved like any other (schema/ghost_updates.py), in a context of its own each time: nothing that was
read for one answer is left for the next, and whether the caller may read what it asks for is decided anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self, TypeAlias

import structlog

from resolvers.caller import Caller
from resolvers.context import Context
from server.documents import Operation
from server.execution import execute
from server.front import Front
from server.masking import DATABASE_UNAVAILABLE, refusal, refusal_of_bug, shown
from server.metrics import SUBSCRIPTIONS
from server.rates.limiter import RateLimiter
from server.subscriptions.limits import SubscriptionLimits
from server.subscriptions.watches import Watch, Watches

log = structlog.get_logger()

TIMEOUT = "TIMEOUT"
PASSING = (DATABASE_UNAVAILABLE, TIMEOUT)  # faults that the next answer may be without

Result: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all connections of a process share, over either transport.

    rates: what a caller may ask for in a time, over HTTP too. turns: as many as answers may be worked out at the same
    time. answer_seconds: until one is given up.
    """

    front: Front
    limits: SubscriptionLimits
    rates: RateLimiter
    watches: Watches
    turns: asyncio.Semaphore
    answer_seconds: float

    @classmethod
    def of(cls, front: Front, limits: SubscriptionLimits, rates: RateLimiter, answer_seconds: float) -> Self:
        """Those of a process that begins."""
        turns = asyncio.Semaphore(limits.answers_at_once)
        return cls(
            front=front, limits=limits, rates=rates, watches=Watches(), turns=turns, answer_seconds=answer_seconds
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An operation that a client subscribed to.

    still_known: finds the caller by its token again. tell: hands an answer to the client, and returns when it was
    taken. fail: hands it the errors of an answer that is the last. What any of these raises ends the connection.
    """

    operation: Operation
    variables: Mapping[str, Any]
    languages: tuple[str, ...]
    still_known: Callable[[], Awaitable[Caller]]
    tell: Callable[[Result], Awaitable[None]]
    fail: Callable[[list[Result]], Awaitable[None]]


async def run(services: Services, subscription: Subscription) -> None:
    """Tells the first answer, and then each that differs from the one told before; until it is cancelled.

    An answer without data ends it with an error, but for faults that may pass, once there was an answer. Its client
    reads at its own pace: while an answer waits to be taken, no other is made, so that the next one is of what is then.
    """
    context: Context | None = None
    told: object = None
    with services.watches.watch() as watch, SUBSCRIPTIONS.track_inprogress():
        while True:
            caller = await subscription.still_known()
            front = services.front
            context = front.context(caller, subscription.languages) if context is None else front.again(context)
            watch.wake.clear()
            async with services.turns:
                result = await _answer(services, subscription, context)
            watch.narrow(context.readable or watch.learner_ids)
            if result.get("data") is None:
                if told is None or not _passes(result):
                    await subscription.fail(result["errors"])
                    return
            elif (telling := _told(result)) != told:
                await subscription.tell(result)
                told = telling
            await _woken(watch, services.limits)


async def _answer(services: Services, subscription: Subscription, context: Context) -> Result:
    """The response to the operation, as over HTTP."""
    started = perf_counter()
    observation = services.front.observation
    with observation.answering():
        result = await _executed(services, subscription, context)
        operation = subscription.operation
        observation.answered(
            operation.name,
            operation.type,
            context.caller,
            cost=operation.cost(subscription.variables),
            seconds=perf_counter() - started,
            status=200,
            failed="errors" in result,
        )
    return result


async def _executed(services: Services, subscription: Subscription, context: Context) -> Result:
    try:
        async with asyncio.timeout(services.answer_seconds):
            result = await execute(subscription.operation.plan, subscription.variables, context)
    except TimeoutError:
        log.warning("request timed out", request_id=context.request_id)
        return refusal(f"The answer took longer than {services.answer_seconds:g} seconds; ask for less.", TIMEOUT)
    except Exception as fault:
        return refusal_of_bug(fault)
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [shown(fault) for fault in result.errors]}


def _passes(result: Result) -> bool:
    return all(fault["extensions"]["code"] in PASSING for fault in result["errors"])


def _told(result: Result) -> object:
    """What makes an answer differ: of errors their places and kinds, since each of ours has another id."""
    return result["data"], [(fault.get("path"), fault["extensions"]["code"]) for fault in result.get("errors", ())]


async def _woken(watch: Watch, limits: SubscriptionLimits) -> None:
    """Waits for an announcement, and for what comes close behind it; no longer than until the next regular look."""
    try:
        async with asyncio.timeout(limits.check_seconds):
            await watch.wake.wait()
    except TimeoutError:
        return
    await asyncio.sleep(limits.gather_seconds)
