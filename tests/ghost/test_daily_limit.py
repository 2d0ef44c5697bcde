"""How many different messages a learner is shown on one of its own days: counted once each, never more, by whomever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from domain.database import Database
from domain.ghost.message import GhostMessageKind
from domain.ghost.metric import ActivityMetric
from domain.ghost.queries import messages_by_day
from domain.ghost.shown import Claim, MessageKey, OwnDay
from domain.ghost.writes import claim_messages, forget_messages
from domain.learners.writes import erase_learner
from server.jobs.retention import forget_events
from tests.builders import NOW, PSEUDONYMS, add_learners
from tests.client import Served, serving
from tests.ghost.journeys import enrolled, practice, recorded
from tests.ghost.reports import at, own_report, report, told
from tests.ghost.world import COHORT

pytestmark = pytest.mark.anyio

SUCCESS, COHORT_WEEK, MINUTES = (
    (GhostMessageKind.SUCCESS_BENCHMARK, ActivityMetric.TASKS_COMPLETED),
    (GhostMessageKind.COHORT_COMPARISON, ActivityMetric.TASKS_THIS_WEEK),
    (GhostMessageKind.SUCCESS_BENCHMARK, ActivityMetric.PRACTICE_MINUTES),
)
READING = (GhostMessageKind.SUCCESS_BENCHMARK, ActivityMetric.READING_TASKS)
TODAY = NOW.date()


@pytest.fixture(scope="module")
async def served(world_url: str) -> AsyncIterator[Served]:
    """The world, behind a server that shows two messages a day."""
    async with serving(world_url, peer_release="exact", ghost_daily_limit=2) as served:
        yield served


async def a_learner(served: Served, name: str) -> str:
    """Somebody behind the achievers and its cohort, who would be shown three messages in its weekly report."""
    [learner_id] = await enrolled(served.database, [name], cohort_id=COHORT, target=7.5, diagnosis=6.0, shares=False)
    await recorded(served.database, practice(learner_id, {0: 1, 1: 1}))
    return learner_id


async def shown_on(database: Database, learner_id: str, day: date = TODAY) -> frozenset[MessageKey]:
    async with database.read() as reading:
        return (await messages_by_day(reading, [OwnDay(learner_id, day)])).get(OwnDay(learner_id, day), frozenset())


async def claim(database: Database, learner_id: str, *wanted: MessageKey, limit: int = 2) -> frozenset[MessageKey]:
    made = Claim(OwnDay(learner_id, TODAY), wanted, limit)
    async with database.write() as writing:
        return (await claim_messages(writing, [made])).get(made, frozenset())


async def test_a_day_has_room_for_so_many_different_messages(served: Served) -> None:
    learner_id = await a_learner(served, "Jay")
    weekly = await own_report(served, "Jay", context="WEEKLY_REPORT")
    assert told(weekly) == [SUCCESS, COHORT_WEEK]
    # What was shown may be shown again, with the figures of now; another one may not.
    assert weekly["messages"][0]["yours"] == 2
    await recorded(served.database, practice(learner_id, {0: 1}, minutes=9))
    again = await own_report(served, "Jay", context="DAILY_DASHBOARD")
    assert told(again) == [SUCCESS]
    assert again["messages"][0]["yours"] == 3
    task = await own_report(served, "Jay", context="TASK_COMPLETION")
    assert (task["visible"], task["messages"]) == (False, [])
    # Figures are no messages.
    assert task["successBenchmark"]["__typename"] == "SuccessBenchmark"
    assert await shown_on(served.database, learner_id) == {SUCCESS, COHORT_WEEK}
    with at(served, NOW + timedelta(hours=12)):
        tomorrow = await own_report(served, "Jay", context="TASK_COMPLETION")
        assert told(tomorrow) == [("SUCCESS_BENCHMARK", "SPEAKING_TASKS")]


async def test_the_day_is_the_learners_own(served: Served) -> None:
    """In Auckland, thirteen hours ahead, the next day has begun at NOW."""
    [learner_id] = await enrolled(
        served.database, ["Kim"], target=7.5, diagnosis=6.0, shares=False, time_zone="Pacific/Auckland"
    )
    await own_report(served, "Kim")
    assert await shown_on(served.database, learner_id) == frozenset()
    assert await shown_on(served.database, learner_id, TODAY + timedelta(days=1)) == {SUCCESS}


@pytest.mark.parametrize("field", ["visible", "messages { text }"])
async def test_only_whoever_asks_for_messages_is_shown_any(served: Served, field: str) -> None:
    learner_id = await a_learner(served, f"Lee {field[:7]}")
    client = served.learner(learner_id)
    await client.data("{ viewer { ghost { priority activity { tasksCompleted } catchUp { tasksToday } } } }")
    assert await shown_on(served.database, learner_id) == frozenset()
    await client.data(f"{{ viewer {{ ghost {{ {field} }} }} }}")
    assert await shown_on(served.database, learner_id) == {SUCCESS}


async def test_staff_see_what_the_learner_would_be_shown_and_use_up_nothing(served: Served) -> None:
    learner_id = await a_learner(served, "Mia")
    for client in (served.educator(COHORT), served.admin()):
        assert told(await report(client, "Mia", context="WEEKLY_REPORT")) == [SUCCESS, COHORT_WEEK]
    assert await shown_on(served.database, learner_id) == frozenset()
    assert told(await own_report(served, "Mia", context="TASK_COMPLETION")) == [("SUCCESS_BENCHMARK", "SPEAKING_TASKS")]
    for context in ("DAILY_DASHBOARD", "WEEKLY_REPORT", "TASK_COMPLETION"):
        own = await own_report(served, "Mia", context=context)
        assert await report(served.educator(COHORT), "Mia", context=context) == own
    # The weekly report came second: there was room for one of its messages.
    assert told(await report(served.admin(), "Mia", context="WEEKLY_REPORT")) == [SUCCESS]


async def test_several_places_in_one_request_share_the_day(served: Served) -> None:
    learner_id = await a_learner(served, "Noa")
    served.statements.clear()
    shown = await served.learner(learner_id).data(
        "{ viewer { task: ghost(context: TASK_COMPLETION) { visible messages { kind metric } } "
        "weekly: ghost(context: WEEKLY_REPORT) { visible messages { kind metric } } } }"
    )
    speaking = ("SUCCESS_BENCHMARK", "SPEAKING_TASKS")
    assert told(shown["viewer"]["task"]) == [speaking]
    assert told(shown["viewer"]["weekly"]) == [SUCCESS]
    assert await shown_on(served.database, learner_id) == {speaking, SUCCESS}


async def test_requests_at_once_stay_within_the_limit(served: Served) -> None:
    """Each of three places wants others: whichever come first, two messages are shown and no more."""
    learner_ids = [await a_learner(served, f"Oz {n}") for n in range(4)]

    async def messages(learner_id: str, context: str) -> list[tuple[str, str]]:
        data = await served.learner(learner_id).data(
            f"{{ viewer {{ ghost(context: {context}) {{ messages {{ kind metric }} }} }} }}"
        )
        return told(data["viewer"]["ghost"])

    contexts = ("TASK_COMPLETION", "WEEKLY_REPORT", "DAILY_DASHBOARD") * 3
    for learner_id in learner_ids:
        answers = await asyncio.gather(*(messages(learner_id, context) for context in contexts))
        seen = {message for answer in answers for message in answer}
        assert len(seen) == 2
        assert seen == await shown_on(served.database, learner_id)


async def test_nothing_is_shown_where_the_limit_is_none(world_url: str) -> None:
    async with serving(world_url, peer_release="exact", ghost_daily_limit=0) as served:
        learner_id = await a_learner(served, "Pia")
        for client in (served.learner(learner_id), served.admin()):
            shown = await report(client, "Pia", context="WEEKLY_REPORT")
            assert (shown["visible"], shown["messages"]) == (False, [])
            assert shown["cohortComparison"]["__typename"] == "CohortComparison"
        assert await shown_on(served.database, learner_id) == frozenset()


# ---- the statement behind it


async def test_claims_are_granted_in_order_and_what_stands_is_never_lost(database: Database) -> None:
    [ada, bo] = await add_learners(database, ["Ada", "Bo"])
    assert await claim(database, ada, SUCCESS) == {SUCCESS}
    assert await claim(database, ada, SUCCESS, COHORT_WEEK, MINUTES) == {SUCCESS, COHORT_WEEK}
    assert await claim(database, ada, READING) == {SUCCESS, COHORT_WEEK}
    # A limit that was lowered takes nothing back, and one that was raised has room again.
    assert await claim(database, ada, READING, limit=1) == {SUCCESS, COHORT_WEEK}
    assert await claim(database, ada, READING, limit=3) == {SUCCESS, COHORT_WEEK, READING}
    assert await claim(database, bo, MINUTES) == {MINUTES}
    assert await shown_on(database, ada) == {SUCCESS, COHORT_WEEK, READING}
    assert await shown_on(database, ada, TODAY - timedelta(days=1)) == frozenset()


async def test_claims_of_one_transaction_come_one_after_the_other(database: Database) -> None:
    [ada] = await add_learners(database, ["Ada"])
    first, second = (Claim(OwnDay(ada, TODAY), wanted, 2) for wanted in ((MINUTES,), (SUCCESS, COHORT_WEEK)))
    async with database.write() as writing:
        granted = await claim_messages(writing, [first, second])
    assert granted == {first: {MINUTES}, second: {MINUTES, SUCCESS}}


async def test_nothing_is_noted_of_a_learner_who_was_erased(database: Database) -> None:
    [ada] = await add_learners(database, ["Ada"])
    await claim(database, ada, SUCCESS)
    async with database.write() as writing:
        assert await erase_learner(writing, ada, PSEUDONYMS, NOW) == 2
    assert await claim(database, ada, SUCCESS) == frozenset()
    assert await shown_on(database, ada) == frozenset()


async def test_days_that_are_over_everywhere_are_forgotten(database: Database) -> None:
    [ada] = await add_learners(database, ["Ada"])
    days = [OwnDay(ada, TODAY - timedelta(days=back)) for back in range(-1, 5)]
    async with database.write() as writing:
        await claim_messages(writing, [Claim(day, (SUCCESS, MINUTES), 5) for day in days])
    # Whatever is kept of events.
    assert await forget_events(database, 0, NOW) == 4
    async with database.read() as reading:
        assert set(await messages_by_day(reading, days)) == set(days[:4])
    async with database.write() as writing:
        assert await forget_messages(writing, TODAY + timedelta(days=2)) == 8
