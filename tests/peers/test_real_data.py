"""Data that nobody made up, imported and asked for over HTTP, against figures that others worked out from it.

The sets lie beside the checkout and not in it (docs/real-data.md); where they are missing these tests are skipped.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.database import Database
from domain.learners.writes import set_consent
from domain.privacy.margin import margin_of_size
from examples import real_data
from tests.builders import EXACT, NOW, release
from tests.client import SECRET, Client, Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.real import DATA, NEEDS_DATA, ReleasedSets, expected, released_sets

__all__ = ["released_sets"]

PRECISION = 1e-9

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover, NEEDS_DATA]

FIGURES = "mean stdDev q1 median q3 iqr whiskerLow whiskerHigh sampleSize histogram { share }"
DISTRIBUTION = f"""
query ($objective: ID, $metric: PeerMetric! = COMPREHENSION) {{
  peerDistribution(objectiveId: $objective, metric: $metric) {{
    ... on Unavailable {{ reason }}
    ... on PeerDistribution {{ {FIGURES} }}
  }}
}}
"""
STANDING = """
query ($learner: ID!, $objective: ID!, $metric: PeerMetric! = COMPREHENSION) {
  learner(id: $learner) { peerStanding(objectiveId: $objective, metric: $metric) {
    ... on Unavailable { reason }
    ... on PeerStanding { score percentileRank rankMargin category }
  } }
}
"""
RELATIVE = """
fragment Standings on RelativeStanding { objective { id name } percentileRank peerMean advantage }
query ($learner: ID!) {
  learner(id: $learner) { relativePerformance { ... on RelativePerformance {
    averagePercentile strengths { ...Standings } weaknesses { ...Standings }
  } } }
}
"""


@asynccontextmanager
async def served_set(
    name: str, database_url: str, sets: ReleasedSets, *, policy: str = "exact", sharing_percent: int = 100
) -> AsyncIterator[Served]:
    """A server with the set imported and released."""
    await asyncio.to_thread(sets.put, name, database_url, policy=policy, sharing_percent=sharing_percent)
    async with serving(database_url, peer_release=policy, retention_days=0) as served:
        yield served


def as_answered(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Expected figures under the API's names."""
    answered = {
        "mean": figures["mean"],
        "stdDev": figures["std_population"],
        "q1": figures["q1"],
        "median": figures["median"],
        "q3": figures["q3"],
        "iqr": figures["iqr"],
        "whiskerLow": figures["whisker_low_fence_clamped"],
        "whiskerHigh": figures["whisker_high_fence_clamped"],
        "sampleSize": figures["n"],
    }
    if "histogram_10" in figures:
        answered["histogram"] = figures["histogram_10"]
    return answered


async def distribution(client: Client, objective: str | None, **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(DISTRIBUTION, {"objective": objective, **variables}))["peerDistribution"]
    if "histogram" in found:
        found["histogram"] = [bar["share"] for bar in found["histogram"]]
    return found


def assert_equal_figures(found: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    wanted = as_answered(figures)
    assert found["sampleSize"] == wanted["sampleSize"]
    assert {name: found[name] for name in wanted} == {
        name: pytest.approx(value, abs=PRECISION) for name, value in wanted.items()
    }


@pytest.mark.parametrize(
    ("sharing_percent", "objectives", "over_all"),
    [(100, "objectives", "all_objectives"), (70, "consent_70", "all_objectives_consent_70")],
)
@POSTGRESQL_WHEN_HEAVY
async def test_distributions_of_every_cloze_objective(
    database_url: str, released_sets: ReleasedSets, sharing_percent: int, objectives: str, over_all: str
) -> None:
    figures = expected("lkt-cloze", "peer_distributions")
    assert len(figures[objectives]) == 36
    async with served_set("lkt-cloze", database_url, released_sets, sharing_percent=sharing_percent) as served:
        for one in figures[objectives]:
            assert_equal_figures(await distribution(served.admin(), one["objective_id"]), one)
        assert_equal_figures(await distribution(served.admin(), None), figures[over_all])


async def ranks(served: Served, keys: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    answers = await asyncio.gather(*(served.admin().data(STANDING, key) for key in keys))
    return [answer["learner"]["peerStanding"] for answer in answers]


@POSTGRESQL_WHEN_HEAVY
async def test_ranks_of_cloze_learners(database_url: str, released_sets: ReleasedSets) -> None:
    pairs = expected("lkt-cloze", "percentile_ranks")["pairs"]
    assert len(pairs) == 200
    async with served_set("lkt-cloze", database_url, released_sets) as served:
        found = await ranks(served, ({"learner": p["user_id"], "objective": p["objective_id"]} for p in pairs))
    assert found == [
        {
            "score": pytest.approx(pair["score"], abs=PRECISION),
            "percentileRank": pytest.approx(pair["self_excluded"]["weak"], abs=PRECISION),
            "rankMargin": 0,
            "category": pair["category_weak_self_excluded"],
        }
        for pair in pairs
    ]


@POSTGRESQL_WHEN_HEAVY
async def test_strengths_and_weaknesses_of_cloze_learners(database_url: str, released_sets: ReleasedSets) -> None:
    learners = expected("lkt-cloze", "relative_performance")["learners"]
    assert len(learners) == 60
    async with served_set("lkt-cloze", database_url, released_sets) as served:
        answers = await asyncio.gather(
            *(served.admin().data(RELATIVE, {"learner": one["user_id"]}) for one in learners)
        )
    for wanted, answer in zip(learners, answers, strict=True):
        found = answer["learner"]["relativePerformance"]
        assert found["averagePercentile"] == pytest.approx(wanted["average_percentile"], abs=PRECISION)
        for side in ("strengths", "weaknesses"):
            # Compared whatever their order, which is looked at below: the file has its own.
            assert {
                one["objective"]["id"]: (one["percentileRank"], one["peerMean"], one["advantage"])
                for one in found[side]
            } == {
                one["objective_id"]: pytest.approx((one["rank"], one["peer_mean"], one["advantage"]), abs=PRECISION)
                for one in wanted[side]
            }
            order = [(-round(abs(one["advantage"]), 9), one["objective"]["name"]) for one in found[side]]
            assert order == sorted(order), "the largest distance from the average first, ties by name"


@POSTGRESQL_WHEN_HEAVY
async def test_a_distribution_appears_with_the_fiftieth_cloze_learner_who_shares(
    database_url: str, released_sets: ReleasedSets
) -> None:
    cases = expected("lkt-cloze", "threshold_edges")["cases"]
    assert [len(case["users"]) for case in cases] == [1, 2, 49, 50, 51]
    async with served_set("lkt-cloze", database_url, released_sets, sharing_percent=0) as served:
        sharing: set[str] = set()
        for number, case in enumerate(cases, start=1):
            await share(served.database, set(case["users"]), sharing)
            sharing = set(case["users"])
            await release(served.database, EXACT, NOW + number * timedelta(minutes=5))
            found = await distribution(served.admin(), case["objective_id"])
            if isinstance(case["expect"], str):
                assert found == {"reason": case["expect"].removeprefix("Unavailable/")}
            else:
                assert_equal_figures(found, case["expect"])


async def share(database: Database, wanted: set[str], sharing: set[str]) -> None:
    async with database.write() as writing:
        for learner_id in wanted ^ sharing:
            await set_consent(writing, learner_id, share=learner_id in wanted, now=NOW)


@pytest.mark.heavy
async def test_distributions_and_ranks_of_university_modules(database_url: str, released_sets: ReleasedSets) -> None:
    figures = expected("oulad", "peers_by_module")
    assert (len(figures["distributions"]), len(figures["ranks_self_excluded"])) == (12, 200)
    async with served_set("oulad", database_url, released_sets) as served:
        for one in figures["distributions"]:
            objective = real_data.an_id("oulad", one["module"], one["type"])
            for metric in ("COMPREHENSION", "REASONING") if one["type"] == "CMA" else ("COMPREHENSION",):
                assert_equal_figures(await distribution(served.admin(), objective, metric=metric), one)
        wanted = figures["ranks_self_excluded"]
        keys = (
            {
                "learner": real_data.an_id("oulad", "student", str(one["id_student"])),
                "objective": real_data.an_id("oulad", one["module"], one["type"]),
                "metric": "REASONING" if one["type"] == "CMA" else "COMPREHENSION",
            }
            for one in wanted
        )
        found = await ranks(served, keys)
        assert await distribution(served.admin(), real_data.an_id("oulad", "EEE", "TMA"), metric="REASONING") == {
            "reason": "TOO_FEW_PEERS"
        }
    assert [(one["score"], one["percentileRank"]) for one in found] == [
        pytest.approx((one["score"], one["weak"]), abs=PRECISION) for one in wanted
    ]


@POSTGRESQL_WHEN_HEAVY
async def test_distribution_of_school_grades(database_url: str, released_sets: ReleasedSets) -> None:
    figures = expected("student-scores", "uci_math")
    async with served_set("student-scores", database_url, released_sets) as served:
        objective = real_data.an_id("student-scores", "mathematics")
        wanted = figures["distribution"] | {"histogram_10": figures["histogram_10"]}
        assert_equal_figures(await distribution(served.admin(), objective), wanted)


@pytest.mark.heavy
async def test_private_figures_of_real_data_stay_within_their_margins(
    database_url: str, released_sets: ReleasedSets
) -> None:
    """Each rank may be off by more than its margin in one case of ten; a mean moves by a small part of the range."""
    figures = expected("lkt-cloze", "peer_distributions")["objectives"]
    pairs = expected("lkt-cloze", "percentile_ranks")["pairs"]
    async with served_set("lkt-cloze", database_url, released_sets, policy="private") as served:
        released = {one["objective_id"]: await distribution(served.admin(), one["objective_id"]) for one in figures}
        found = await ranks(served, ({"learner": p["user_id"], "objective": p["objective_id"]} for p in pairs))
    for one in figures:
        answer = released[one["objective_id"]]
        assert answer["sampleSize"] == one["n"] // 10 * 10
        assert all(answer[name] == round(answer[name]) for name in ("mean", "stdDev", "q1", "median", "q3"))
        # Many stand at the upper end of a bar of ten points, five above its middle; noise moves the mean of 240 people
        # by two points, and here are 36 means.
        assert answer["mean"] == pytest.approx(one["mean"], abs=12)
        assert answer["whiskerLow"] >= 0
        assert answer["whiskerHigh"] <= 100
    sizes = {one["objective_id"]: one["n"] // 10 * 10 for one in figures}
    assert [one["rankMargin"] for one in found] == [margin_of_size(sizes[pair["objective_id"]]) for pair in pairs]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_commands_of_the_how_to_lead_to_the_same_figures(database_url: str, tmp_path: Path) -> None:
    environ = os.environ | {
        "PACELINE_DATABASE_URL": database_url,
        "PACELINE_RETENTION_DAYS": "0",
        "PACELINE_PEER_RELEASE": "exact",
        "PACELINE_AUTH_SECRET": SECRET,
    }
    folder = str(tmp_path / "import")
    paceline = str(Path(sys.executable).with_name("paceline"))
    for command in (
        [sys.executable, "-m", "examples.real_data", "student-scores", str(DATA / "student-scores"), folder],
        [paceline, "migrate"],
        [paceline, "import", folder],
        [paceline, "import", folder],
        [paceline, "jobs", "run", "releases"],
    ):
        ran = await asyncio.to_thread(
            subprocess.run, command, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == 0, ran.stderr
    figures = expected("student-scores", "uci_math")["distribution"]
    async with serving(database_url, peer_release="exact") as served:
        objective = real_data.an_id("student-scores", "mathematics")
        assert_equal_figures(await distribution(served.admin(), objective), figures)


def test_the_same_set_is_always_converted_to_the_same_files(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        real_data.convert("student-scores", DATA / "student-scores", tmp_path / folder, sharing_percent=70)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == [
        "cohorts.csv",
        "learners.csv",
        "material_interactions.csv",
        "objectives.csv",
        "question_attempts.csv",
        "study_events.csv",
        "task_completions.csv",
        "topics.csv",
        "validation_responses.csv",
    ]
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
