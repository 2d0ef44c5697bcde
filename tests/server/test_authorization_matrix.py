"""The authorization matrix: every path through the schema, asked by everybody who may not, with another learner's ids.

Paths come from introspection; what to pass for an argument stands in ARGUMENTS. The oracle knows nothing of the API:
it looks for canaries, which only the other learner's rows hold, anywhere in the response.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

import httpx
import pytest

from domain.catalog.tables import topic_links
from domain.paging import cursor
from tests.builders import (
    a_response,
    a_task,
    add_cohort,
    add_learners,
    add_objectives,
    add_topics,
    an_attempt,
    an_id,
    answer,
    new_id,
    release,
    spread,
    store,
)
from tests.client import Client, Served, serving
from tests.server.paths import Path, Rules, document, paths, schema_of, spelled, together, with_ids

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

DEPTH = 5
EVENT = an_id("the other learner's event")
ANSWERED_AT = datetime(2026, 11, 3, 14, 15, 16, tzinfo=UTC)

# The cursor is forged: it stands before every row of any list.
ARGUMENTS: Rules = {
    "Query.node.id": '"<*>"',
    "Query.learner.id": '"<Learner>"',
    "Query.cohort.id": '"<Cohort>"',
    "Query.objective.id": '"<Objective>"',
    "Query.topic.id": '"<Topic>"',
    "Query._entities.representations": '[{__typename: "*", id: "<*>"}]',
    # The other learner's own event, word for word.
    "Mutation.recordEvents.events": f'[{{validationResponse: {{eventId: "{EVENT}", learnerId: "<Learner>", '
    f'occurredAt: "{ANSWERED_AT.isoformat()}", objectiveId: "<Objective>", score: 0.731357, reasoningScore: 61.2468, '
    "calibrationDelta: -7.8642, masteryVerified: true}}]",
    "learnerId": '"<Learner>"',
    "objectiveId": '"<Objective>"',
    "topicId": '"<Topic>"',
    "parentId": "null",
    "share": "false",
    "metric": "COMPREHENSION",
    "CohortComparison.percentileRank.metric": "TASKS_COMPLETED",
    "Query.industry.name": '"retail"',
    "industry": '"retail"',
    "companySize": "MEDIUM",
    "region": "NATIONAL",
    "metrics": "null",
    "start": "null",
    "end": "null",
    "asOf": "null",
    "source": "SYNTHETIC",
    "Query.benchmarkSeries.source": "USER_CONTRIBUTED",
    "values": '[{metric: "revenue_per_employee", value: 180000}]',
    "Query.benchmarkComparisons.period": "null",
    "period": '"2026-10-01"',
    "severity": "null",
    "examDate": '"2026-12-01"',
    "minutesPerDay": "30",
    "targetRetention": "0.9",
    "job": "null",
    "mode": "STANDARD",
    "requiredCorrect": "null",
    "Mutation.setComparisonMode.mode": "OFF",
    "context": "WEEKLY_REPORT",
    "targetBand": "7.5",
    "successPercentile": "25",
    "language": '"en"',
    "search": '""',
    "minScore": "0",
    "maxScore": "1",
    "from": '"2026-11-01"',
    "to": '"2026-11-30"',
    "days": "30",
    "first": "100",
    "after": f'"{cursor("", "00000000-0000-0000-0000-000000000000")}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A learner A who asks, and a learner B whom it must not learn about.

    ids: B's, and the objective and topic that are everybody's. canaries: what stands in B's rows alone.
    """

    a: str
    b: str
    cohort_of_a: str
    ids: Mapping[str, str]
    canaries: Mapping[str, str]

    def unknown(self) -> dict[str, str]:
        """The same ids, but for B's some that nobody has."""
        return {**self.ids, "Learner": new_id(), "Cohort": new_id()}


async def a_world(served: Served) -> World:
    """Sixty peers, released; B among them, in a cohort of its own."""
    database = served.database
    cohort_of_a, cohort_of_b = [await add_cohort(database, name) for name in ("Ordinary cohort", "Zanzibar cohort")]
    [a] = await add_learners(database, ["Ordinary learner"], cohort_id=cohort_of_a)
    joined_at = datetime(2025, 3, 17, 4, 5, 6, 789000, UTC)
    [b] = await add_learners(database, ["Quetzalcoatl Canary"], cohort_id=cohort_of_b, joined_at=joined_at)
    peers = await add_learners(database, [f"peer {number}" for number in range(60)])
    [top] = await add_topics(database, ["Physiology"])
    [middle] = await add_topics(database, ["Heart"], parent_id=top)
    [leaf] = await add_topics(database, ["Cardiac cycle"], parent_id=middle)
    async with database.write() as writing:
        links = [
            (middle, "prerequisite", top, 1.0),
            (middle, "related", leaf, 1.0),
            (leaf, "prerequisite", middle, 1.0),
        ]
        await writing.insert(topic_links, ("topic_id", "kind", "other_topic_id", "strength"), links)
    objectives = await add_objectives(database, [f"objective {number}" for number in range(4)], topic_id=middle)
    for objective in objectives:
        await answer(database, [*peers, a], objective, spread(61))
        scores = [
            a_response(
                b,
                objective,
                0.731357,
                reasoning=61.2468,
                delta=-7.8642,
                mastered=True,
                occurred_at=ANSWERED_AT,
                event_id=EVENT if number == 0 and objective == objectives[0] else None,
            )
            for number in range(3)
        ]
        assert (await store(database, scores)).accepted == len(scores)
    attempt, task = an_attempt(b, middle, occurred_at=ANSWERED_AT), a_task(b, minutes=1237.0, occurred_at=ANSWERED_AT)
    assert (await store(database, [attempt, task])).accepted == 2
    await release(database)
    return World(
        a=a,
        b=b,
        cohort_of_a=cohort_of_a,
        ids={"Learner": b, "Cohort": cohort_of_b, "Objective": objectives[0], "Topic": middle},
        canaries={
            "display name": "Quetzalcoatl",
            "joined at": "2025-03-17",
            "joined at, time": "04:05:06.789",
            "day in journey": '"dayInJourney":612',
            "comprehension": "73.135",
            "reasoning": "61.246",
            "calibration": "92.135",
            "last reviewed at": "2026-11-03T14:15:16",
            "practice": '"practiceMinutes":1237',
            "id": b,
            "cohort's id": cohort_of_b,
            "cohort's name": "Zanzibar",
        },
    )


BASE64 = re.compile(r"[A-Za-z0-9_+/-]{16,}={0,2}")


def leaks(world: World, sent: str, response: httpx.Response) -> list[str]:
    """The canaries in *response*, also inside its cursors; but for ids that the caller sent itself."""
    text = response.text + str(response.headers)
    text += "".join(_decoded(word) for word in BASE64.findall(text))
    return [what for what, canary in world.canaries.items() if canary in text and canary not in sent]


def _decoded(word: str) -> str:
    try:
        return base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


PASSING = ("date", "content-length", "x-request-id")  # headers that differ from one answer to the next anyway


def alike(response: httpx.Response, ids: Mapping[str, str]) -> str:
    """*response* as text, the ids that were sent taken out."""
    headers = {name: value for name, value in response.headers.items() if name not in PASSING}
    text = f"{response.status_code} {headers} {response.text}"
    for name, id_ in ids.items():
        text = text.replace(id_, f"<{name}>")
    return text


@dataclass(slots=True)
class Findings:
    """What a caller's walk through all paths found."""

    leaking: dict[str, list[str]] = field(default_factory=dict)
    telling: dict[str, tuple[str, str]] = field(default_factory=dict)


# Paths that are asked for together, and the document that does it.
Way: TypeAlias = tuple[tuple[Path, ...], str]


async def walk(world: World, client: Client, ways: list[Way], *, compare: bool = True) -> Findings:
    """Asks for every path with B's ids and, to compare, with unknown ones."""
    found = Findings()
    for some, template in ways:
        path = some[0]
        sent = with_ids(template, world.ids)
        response = await client.post(sent)
        assert "VALIDATION" not in response.text, f"{spelled(path)} is no valid path: {response.text}"
        if leaked := leaks(world, sent, response):
            found.leaking[spelled(path)] = leaked
        if compare and ("<Learner>" in template or "<Cohort>" in template):
            unknown = world.unknown()
            about_nobody = await client.post(with_ids(template, unknown))
            answers = alike(response, world.ids), alike(about_nobody, unknown)
            if answers[0] != answers[1]:
                found.telling[spelled(path)] = answers
    return found


def straight(path: Path) -> bool:
    """Whether it passes through no field twice, and through the curriculum, which is open to all, but once."""
    curriculum = [step.parent for step in path if step.parent in ("Topic", "Objective")]
    return len(set(curriculum)) == len(curriculum) and len({(step.parent, step.name) for step in path}) == len(path)


async def ways_through(served: Served, *, circles: bool = False, alone: bool = False) -> list[Way]:
    """Every path with its document; with *circles* also those that pass through one topic, objective or field twice.

    alone: each in a document of its own, not with the leaves beside it.
    """
    schema = await schema_of(served.admin())
    assert schema.mutation_type is not None
    found = [path for path in paths(schema, DEPTH) if circles or straight(path)]
    mutation = schema.mutation_type.name
    return [
        (some, document(some, "mutation" if some[0][0].parent == mutation else "query", ARGUMENTS))
        for some in (((path,) for path in found) if alone else together(found))
    ]


PROFILE = """
query ($id: ID!) { learner(id: $id) {
  displayName joinedAt sharesData cohort { id name } objectiveScores { edges { node { score responses } } totalCount }
} }
"""


@pytest.mark.parametrize("caller", ["learner", "educator", pytest.param("service", marks=pytest.mark.heavy)])
@pytest.mark.parametrize(
    "circles", [pytest.param(False, id="straight"), pytest.param(True, id="circles", marks=pytest.mark.heavy)]
)
async def test_no_path_shows_another_learner_or_tells_it_from_one_that_does_not_exist(
    database_url: str, caller: str, circles: bool
) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        before = await served.learner(world.b).data(PROFILE, {"id": world.b})
        clients = {
            "learner": served.learner(world.a),
            "educator": served.educator(world.cohort_of_a),
            "service": served.service(),
        }
        ways = await ways_through(served, circles=circles, alone=circles)
        assert sum(len(some) for some, _ in ways) > 1000
        found = await walk(world, clients[caller], ways)
        assert found.leaking == {}
        if caller == "service":
            # Services record events about everybody, and are told what became of them.
            found.telling = {way: both for way, both in found.telling.items() if not way.startswith("recordEvents")}
        assert found.telling == {}
        assert await served.learner(world.b).data(PROFILE, {"id": world.b}) == before


async def test_no_path_answers_anything_without_a_token(database_url: str) -> None:
    async with serving(database_url) as served:
        world = await a_world(served)
        answers = set()
        for _, template in await ways_through(served):
            response = await served.client(None).post(with_ids(template, world.ids))
            answers.add((response.status_code, response.text))
        [(status, text)] = answers
        assert status == 401
        assert json.loads(text)["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
        assert "data" not in json.loads(text)


def shows(path: Path) -> bool:
    """Whether it is one of those below, or leads to the members of a cohort."""
    return spelled(path) in SHOWN_TO_B | SHOWN_TO_ITS_EDUCATOR or ".learners" in spelled(path)


SHOWN_TO_B = {
    "viewer.displayName",
    "viewer.joinedAt",
    "viewer.dayInJourney",
    "viewer.cohort.name",
    "viewer.peerStanding<PeerStanding>.score",
    "viewer.topicMastery.lastReviewedAt",
    "viewer.mastery.edges.node.lastReviewedAt",
    "viewer.reviews.edges.node.lastReviewedAt",
    "viewer.ghost.activity.practiceMinutes",
    "learner.displayName",
    "learner.objectiveScores.edges.node.score",
    "cohort.name",
    "_entities<Learner>.displayName",
    "_entities<Learner>.peerStanding<PeerStanding>.score",
    "_entities<Cohort>.name",
}
SHOWN_TO_ITS_EDUCATOR = {
    "learner.displayName",
    "cohort.learners.edges.cursor",
    "cohort.learners.edges.node.displayName",
    "learner.ghost.activity.practiceMinutes",
    "cohort.learners.pageInfo.endCursor",
    "_entities<Learner>.joinedAt",
    "_entities<Cohort>.learners.edges.cursor",
}


async def test_the_same_walk_finds_the_canaries_where_they_may_be_read(database_url: str) -> None:
    """Or finding none elsewhere would prove nothing."""
    async with serving(database_url) as served:
        world = await a_world(served)
        ways = [way for way in await ways_through(served, alone=True) if shows(way[0][0])]
        by_b = await walk(world, served.learner(world.b), ways, compare=False)
        assert by_b.leaking.keys() >= SHOWN_TO_B
        assert not any("learners" in way for way in by_b.leaking)
        by_staff = await walk(world, served.educator(world.ids["Cohort"]), ways, compare=False)
        assert by_staff.leaking.keys() >= SHOWN_TO_ITS_EDUCATOR
