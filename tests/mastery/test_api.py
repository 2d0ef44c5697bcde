"""Mastery and reviews over HTTP, on both engines, against figures by hand and by the package `fsrs`."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fsrs import Card, Rating, Scheduler
from scipy.stats import binomtest

from domain.activity.tables import topic_daily_stats
from domain.events.event import Event
from tests.builders import (
    NOW,
    add_cohort,
    add_learners,
    add_topics,
    an_attempt,
    an_id,
    an_interaction,
    store,
)
from tests.client import Client, Served, serving

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
FIGURES = """
  topic { id name } score pKnown firstAttemptAccuracy overallAccuracy retrievalStrength materialCompletion trend
  confidenceLow confidenceHigh questionsAttempted lastReviewedAt nextReviewAt projectedDaysToMastery dueQuestions
"""
ONE = f"""query ($learner: ID!, $topic: ID!, $days: Int! = 30) {{
  learner(id: $learner) {{ topicMastery(topicId: $topic) {{ {FIGURES} forgettingCurve(days: $days) }} }}
}}"""
ALL = f"""query ($low: Float, $high: Float, $first: Int = 50, $after: String) {{
  viewer {{ mastery(minScore: $low, maxScore: $high, first: $first, after: $after) {{
    totalCount edges {{ cursor node {{ {FIGURES} }} }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
  }} }}
}}"""
DUE = """query ($from: Date, $to: Date, $first: Int = 50, $after: String) {
  viewer { reviews(from: $from, to: $to, first: $first, after: $after) {
    totalCount edges { node { topic { name } nextReviewAt } } pageInfo { hasNextPage endCursor }
  } }
}"""
FORECAST = "query ($days: Int! = 14) { viewer { reviewForecast(days: $days) { day questions } } }"
SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def card_of(attempts: list[tuple[datetime, bool]]) -> Card:
    """The card that the package has after these answers."""
    card = Card()
    for at, right in attempts:
        card, _ = SCHEDULER.review_card(card, Rating.Good if right else Rating.Again, at)
    return card


async def one(served: Served, learner: str, topic: str, client: Client | None = None, **variables: Any) -> Any:
    asked = served.learner(learner) if client is None else client
    data = await asked.data(ONE, {"learner": learner, "topic": topic, **variables})
    return data["learner"] and data["learner"]["topicMastery"]


async def pages(client: Client, document: str, field: str, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(document, variables))["viewer"][field]
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["topic"]["name"] for edge in found["edges"]]


async def test_every_figure_is_the_one_by_hand(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        [topic] = await add_topics(served.database, ["cardiology"])
        [other] = await add_learners(served.database, ["grace"])
        first, second = [(NOW - 9 * DAY, True), (NOW - 5 * DAY, False)], [(NOW - 8 * DAY, True)]
        events: list[Event] = [
            an_attempt(learner, topic, "a", occurred_at=first[0][0]),
            an_attempt(learner, topic, "a", correct=False, occurred_at=first[1][0], number=2),
            an_attempt(learner, topic, "b", occurred_at=second[0][0]),
            an_interaction(learner, topic, "film", completion=0.5),
            # Somebody else's material is part of the topic too.
            an_interaction(other, topic, "text"),
        ]
        assert (await store(served.database, events)).accepted == 5
        found = await one(served, learner, topic, days=3)

        cards = [card_of(first), card_of(second)]

        def recall(at: datetime) -> float:
            return sum(SCHEDULER.get_card_retrievability(card, at) for card in cards) / 2

        score = 0.30 * 1 + 0.20 * 2 / 3 + 0.30 * recall(NOW) + 0.20 * 0.25
        low = 0.30 * binomtest(2, 2).proportion_ci(method="wilson").low
        low += 0.20 * binomtest(2, 3).proportion_ci(method="wilson").low + 0.30 * recall(NOW) + 0.20 * 0.25
        high = 0.30 + 0.20 * binomtest(2, 3).proportion_ci(method="wilson").high + 0.30 * recall(NOW) + 0.20 * 0.25
        p_known = 0.3
        for right, days in ((True, 0), (True, 1), (False, 3)):
            before = p_known * 0.99**days
            joint = before * (0.9 if right else 0.1)
            after = joint / (joint + (1 - before) * (0.2 if right else 0.8))
            p_known = after + (1 - after) * 0.1
        assert found == {
            "topic": {"id": topic, "name": "cardiology"},
            "score": pytest.approx(score),
            "pKnown": pytest.approx(p_known * 0.99**5),
            "firstAttemptAccuracy": 1,
            "overallAccuracy": pytest.approx(2 / 3),
            "retrievalStrength": pytest.approx(recall(NOW)),
            "materialCompletion": 0.25,
            "trend": "STABLE",
            "confidenceLow": pytest.approx(low),
            "confidenceHigh": pytest.approx(high),
            "questionsAttempted": 3,
            "lastReviewedAt": "2026-11-13T12:30:00+00:00",
            "nextReviewAt": min(card.due for card in cards).isoformat(),
            "projectedDaysToMastery": None,
            "dueQuestions": sum(card.due <= NOW for card in cards),
            "forgettingCurve": pytest.approx([recall(NOW + number * DAY) for number in (1, 2, 3)]),
        }


async def test_parts_that_do_not_exist_are_no_part_of_the_score(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        read, repeated = await add_topics(served.database, ["read", "repeated"])
        await store(
            served.database,
            [
                an_interaction(learner, read, completion=0.75),
                an_attempt(learner, repeated, "a", number=2, occurred_at=NOW),
                an_attempt(learner, repeated, "b", number=3, occurred_at=NOW, correct=False),
            ],
        )
        found = await one(served, learner, read, days=2)
        assert (found["materialCompletion"], found["pKnown"]) == (0.75, 0.3)
        assert [found[name] for name in ("score", "confidenceLow", "confidenceHigh")] == pytest.approx([0.75] * 3)
        zeros = ("firstAttemptAccuracy", "overallAccuracy", "retrievalStrength", "questionsAttempted", "dueQuestions")
        assert [found[name] for name in zeros] == [0] * 5
        assert (found["lastReviewedAt"], found["nextReviewAt"], found["forgettingCurve"]) == (None, None, [0, 0])
        found = await one(served, learner, repeated)
        # No first attempt: accuracy and recall share the weight, 0.2 to 0.3, and recall is 1 at the moment of review.
        assert found["score"] == pytest.approx((0.2 * 0.5 + 0.3 * 1) / 0.5)
        assert (found["firstAttemptAccuracy"], found["materialCompletion"]) == (0.5, None)
        assert found["retrievalStrength"] == 1


async def test_the_trend_is_that_of_the_days_that_are_counted(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"], time_zone="Pacific/Auckland")
        rising, falling = await add_topics(served.database, ["rising", "falling"])
        await store(served.database, [an_attempt(learner, topic, occurred_at=NOW) for topic in (rising, falling)])
        today = date(2026, 11, 19)  # half past one at night in Auckland
        right = {27: 1, 14: 3, 0: 7}  # of ten answers, by days ago; a day earlier is not looked at
        columns = ("learner_id", "topic_id", "day", "attempts", "correct", "first_attempts", "first_correct")
        async with served.database.write() as writing:
            await writing.upsert(
                topic_daily_stats,
                columns,
                [(learner, rising, today - ago * DAY, 10, n, 10, n) for ago, n in right.items()]
                + [(learner, falling, today - ago * DAY, 10, 10 - n, 0, 0) for ago, n in right.items()]
                + [(learner, topic, today - 28 * DAY, 10, 10, 10, 10) for topic in (rising, falling)],
            )
        up, down = await one(served, learner, rising), await one(served, learner, falling)
        assert (up["trend"], down["trend"]) == ("IMPROVING", "DECLINING")
        # Slopes 0.2/13, 0.4/14 and 0.6/27, of which the middle one is 0.6/27; the score is 1 already.
        assert up["projectedDaysToMastery"] == 0
        await store(
            served.database,
            [an_attempt(learner, rising, str(n), correct=False, occurred_at=NOW) for n in range(4)],
        )
        up = await one(served, learner, rising)
        assert up["projectedDaysToMastery"] == pytest.approx((0.8 - up["score"]) / (0.6 / 27))
        assert down["projectedDaysToMastery"] == 0


async def test_sm2_is_asked_where_the_deployment_says_so(database_url: str) -> None:
    async with serving(database_url, review_algorithm="sm2") as served:
        [learner] = await add_learners(served.database, ["ada"])
        [topic] = await add_topics(served.database, ["cardiology"])
        times = [NOW - 12 * DAY, NOW - 11 * DAY]
        await store(
            served.database, [an_attempt(learner, topic, occurred_at=at, number=n) for n, at in enumerate(times, 1)]
        )
        found = await one(served, learner, topic, days=1)
        # By hand: two right answers, so the third interval is six days; 0.9 when they are over.
        assert found["retrievalStrength"] == pytest.approx(0.9 ** (11 / 6))
        assert found["nextReviewAt"] == (NOW - 5 * DAY).isoformat()
        assert found["forgettingCurve"] == pytest.approx([0.9**2])


async def test_what_others_see(database_url: str) -> None:
    async with serving(database_url) as served:
        cohort = await add_cohort(served.database, "first years")
        [learner] = await add_learners(served.database, ["ada"], cohort_id=cohort)
        [other] = await add_learners(served.database, ["grace"])
        [topic] = await add_topics(served.database, ["cardiology"])
        await store(served.database, [an_attempt(learner, topic)])
        own = await one(served, learner, topic)
        assert own["questionsAttempted"] == 1
        for staff in (served.educator(cohort), served.admin()):
            assert await one(served, learner, topic, staff) == own
        for stranger in (served.educator(an_id("another cohort")), served.learner(other), served.service()):
            assert await one(served, learner, topic, stranger) is None
        assert await one(served, other, topic) is None
        assert await one(served, learner, an_id("no topic")) is None
        assert await one(served, learner, topic.upper()) == own
        bad = await served.learner(learner).error(ONE, {"learner": learner, "topic": "cardiology"})
        assert bad["extensions"]["code"] == "BAD_USER_INPUT"


async def test_arguments_out_of_range_are_refused_with_their_names(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        [topic] = await add_topics(served.database, ["cardiology"])
        await store(served.database, [an_attempt(learner, topic)])
        client = served.learner(learner)
        for document, variables, field in (
            (ALL, {"low": -0.1}, "minScore"),
            (ALL, {"high": 1.1}, "maxScore"),
            (ALL, {"low": 0.6, "high": 0.5}, "minScore"),
            (ALL, {"first": 101}, "first"),
            (ALL, {"after": "nonsense"}, "after"),
            (DUE, {"from": "2026-11-20", "to": "2026-11-19"}, "from"),
            (DUE, {"from": "2026-11-20"}, "from"),
            (DUE, {"first": -1}, "first"),
            (FORECAST, {"days": 0}, "days"),
            (FORECAST, {"days": 366}, "days"),
            (ONE, {"learner": learner, "topic": topic, "days": 0}, "days"),
            (ONE, {"learner": learner, "topic": topic, "days": 366}, "days"),
        ):
            error = await client.error(document, variables)
            assert error["message"].startswith(f"{field}: "), error
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
        curve = await one(served, learner, topic, days=365)
        assert len(curve["forgettingCurve"]) == 365
        assert len((await client.data(FORECAST, {"days": 365}))["viewer"]["reviewForecast"]) == 365


NAMES = ["Zonula", "acid", "Äther", "Blood", "blood", "心臓", "Cells", "10 rules", "9 rules", "Drugs", "Ω-fatty acids"]


@pytest.mark.parametrize("size", [1, 4, 100])
async def test_pages_of_topics_come_in_order_of_name_and_miss_none(database_url: str, size: int) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        topics = await add_topics(served.database, NAMES)
        # The n-th topic has n of ten materials' worth of completion, and nothing else.
        await store(
            served.database,
            [an_interaction(learner, topic, completion=number / 10) for number, topic in enumerate(topics)],
        )
        client = served.learner(learner)
        seen: list[str] = []
        after = None
        while True:
            found = await pages(client, ALL, "mastery", first=size, after=after)
            assert found["totalCount"] == len(NAMES)
            assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
            seen += names(found)
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        assert seen == sorted(NAMES)
        found = await pages(client, ALL, "mastery", low=0.2, high=0.5)
        assert names(found) == sorted(NAMES[2:6])
        assert found["totalCount"] == 4
        after = found["edges"][0]["cursor"]
        assert names(await pages(client, ALL, "mastery", low=0.2, high=0.5, after=after)) == sorted(NAMES[2:6])[1:]


async def test_reviews_come_soonest_first_by_the_learners_own_days(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"], time_zone="Pacific/Auckland")
        topics = await add_topics(served.database, ["late", "now", "soon", "same", "unread"])
        # A card answered right once is due two days later. It is 01:30 on the 19th in Auckland, 13 hours ahead.
        due = {
            "late": NOW - 3 * DAY,
            "now": NOW,
            "soon": datetime(2026, 11, 19, 10, 59, tzinfo=UTC),  # the last minute of the 19th in Auckland
            "same": datetime(2026, 11, 19, 11, tzinfo=UTC),  # and the first of the 20th
        }
        events: list[Event] = [an_attempt(learner, an_id(name), occurred_at=at - 2 * DAY) for name, at in due.items()]
        await store(served.database, [*events, an_interaction(learner, topics[4])])
        client = served.learner(learner)
        found = await pages(client, DUE, "reviews")
        assert [(edge["node"]["topic"]["name"], edge["node"]["nextReviewAt"]) for edge in found["edges"]] == [
            (name, due[name].isoformat()) for name in ("late", "now", "soon")
        ]
        assert names(await pages(client, DUE, "reviews", to="2026-11-20")) == ["late", "now", "soon", "same"]
        assert names(await pages(client, DUE, "reviews", **{"from": "2026-11-19"})) == ["now", "soon"]
        assert names(await pages(client, DUE, "reviews", **{"from": "2026-11-20", "to": "9999-12-31"})) == ["same"]
        assert names(await pages(client, DUE, "reviews", to="0001-01-01")) == []
        first = await pages(client, DUE, "reviews", first=1)
        assert (names(first), first["totalCount"], first["pageInfo"]["hasNextPage"]) == (["late"], 3, True)
        rest = await pages(client, DUE, "reviews", first=5, after=first["pageInfo"]["endCursor"])
        assert names(rest) == ["now", "soon"]
        forecast = (await client.data(FORECAST, {"days": 3}))["viewer"]["reviewForecast"]
        assert forecast == [
            {"day": "2026-11-19", "questions": 3},
            {"day": "2026-11-20", "questions": 1},
            {"day": "2026-11-21", "questions": 0},
        ]


async def test_topics_due_at_one_instant_are_paged_by_their_ids(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        topics = await add_topics(served.database, [f"topic {n}" for n in range(5)])
        await store(served.database, [an_attempt(learner, topic, occurred_at=NOW - 3 * DAY) for topic in topics])
        client = served.learner(learner)
        seen: list[str] = []
        after = None
        for _ in range(3):
            found = await pages(client, DUE, "reviews", first=2, after=after)
            seen += names(found)
            after = found["pageInfo"]["endCursor"]
        assert [an_id(name) for name in seen] == sorted(topics)


@pytest.mark.parametrize("number", [1, 10, 100])
async def test_lists_of_learners_take_a_fixed_number_of_statements(database_url: str, number: int) -> None:
    async with serving(database_url, maximum_cost=1_000_000) as served:
        cohort = await add_cohort(served.database, "first years")
        learners = await add_learners(served.database, [f"learner {n:03}" for n in range(number)], cohort_id=cohort)
        topics = await add_topics(served.database, ["a", "b", "c"])
        await store(served.database, [an_attempt(learner, topic) for learner in learners for topic in topics])
        client = served.educator(cohort)
        document = """query ($cohort: ID!, $topic: ID!) { cohort(id: $cohort) { learners(first: 100) { edges { node {
            mastery { totalCount edges { node { score topic { name } forgettingCurve(days: 2) } } }
            reviews { edges { node { nextReviewAt } } }
            reviewForecast { questions }
            topicMastery(topicId: $topic) { score }
        } } } } }"""
        served.statements.clear()
        data = await client.data(document, {"cohort": cohort, "topic": topics[1]})
        edges = data["cohort"]["learners"]["edges"]
        assert [edge["node"]["mastery"]["totalCount"] for edge in edges] == [3] * number
        assert all(
            edge["node"]["topicMastery"] == {"score": edge["node"]["mastery"]["edges"][1]["node"]["score"]}
            for edge in edges
        )
        # The cohort, its learners and the audit records, then three for all topics and three for one.
        about = [
            one for one in served.statements if "topic_mastery" in one or "review_states" in one or "topic_daily" in one
        ]
        assert len(about) == 4
        assert len(served.statements) <= 10
