"""Ghosts of real students, imported as an operator would and asked for over HTTP, against figures that are not ours.

What the files with figures do not tell is worked out here, by NumPy and straight from the set's own rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.database import Database
from domain.distribution import Floats
from domain.ghost.benchmark import ANCHOR_DAYS, SHARES, share_keeping, success_benchmark
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES
from domain.ghost.snapshot import cell_of, rank_below
from domain.privacy.cell import ALL
from domain.privacy.figures import mean, quantile
from domain.privacy.margin import margin_of_size
from domain.privacy.policy import ReleaseRules
from domain.privacy.population import of_cohort
from domain.privacy.release import Release
from domain.unavailable import Unavailable
from examples import real_data
from server.jobs.registry import registered
from tests.builders import EXACT, NOW, PRIVATE, an_id, current_releases
from tests.client import Client, Served, serving
from tests.databases import POSTGRESQL_WHEN_HEAVY
from tests.real import DATA, NEEDS_DATA, Row, excerpt, expected, load, rewrite

pytestmark = [pytest.mark.anyio, NEEDS_DATA]

PRECISION = 1e-9
DAY = timedelta(days=1)

BENCHMARK = """
query ($learner: ID!, $band: Float!, $percent: Int!) {
  learner(id: $learner) { ghost(targetBand: $band, successPercentile: $percent) { successBenchmark {
    ... on SuccessBenchmark { targetBand startingSkill dayNumber successPercentile sampleSize values { metric value } }
    ... on Unavailable { reason }
  } } }
}
"""
SNAPSHOT = """
query ($cohort: ID!) { cohort(id: $cohort) { snapshot { ... on CohortSnapshot {
  population activeMembers medianStreak top10PercentTasks top25PercentTasks averages { metric value }
} } } }
"""
RANK = """
query ($learner: ID!) { learner(id: $learner) { ghost {
  activity { tasksCompleted }
  cohortComparison { ... on CohortComparison { percentileRank snapshot { population } } }
} } }
"""
STREAKS = """
query ($cohort: ID!, $after: String) { cohort(id: $cohort) { learners(first: 100, after: $after) {
  edges { node { id learningPatterns { currentStreak longestStreak } ghost { activity { currentStreak } } } }
  pageInfo { endCursor }
} } }
"""

Enrolment = tuple[str, str, str]  # module, presentation, student


def enrolment(row: Row) -> Enrolment:
    return row["code_module"], row["code_presentation"], row["id_student"]


def learner_of(key: Enrolment) -> str:
    return real_data.an_id("oulad", "enrolment", *key)


@dataclass(frozen=True, slots=True)
class Course:
    """A part of the set, in its own words. submissions: (day, type of the assessment) of each enrolment."""

    students: Mapping[Enrolment, Row]
    submissions: Mapping[Enrolment, Sequence[tuple[int, str]]]

    def tasks(self, keys: Collection[Enrolment], day: int, *, since: int = -1000, kind: str | None = None) -> Floats:
        """Tasks from after the day *since* to *day*, of one kind or all."""
        counts = [sum(since < d <= day and kind in (None, k) for d, k in self.submissions[key]) for key in keys]
        return np.array(counts, dtype=np.float64)


def converted(folder: Path, target: Path, keep: Callable[[Enrolment, Row], bool], until: int) -> Course:
    """Writes import files of the enrolments that *keep* is for, with their submissions until a day, to *target*."""
    source = DATA / "oulad"
    students = {enrolment(row): row for row in real_data.rows_of(source / "student.csv.gz")}
    kept = {key: row for key, row in students.items() if keep(key, row)}
    assessments = {row["id_assessment"]: row for row in real_data.rows_of(source / "assessment.csv")}

    def submitted(row: Row) -> bool:
        key = enrolment(assessments[row["id_assessment"]] | row)
        return key in kept and int(row["date_submitted"]) <= until

    part = excerpt(
        "oulad",
        folder,
        {
            "student": lambda row: enrolment(row) in kept,
            "student_assessment": submitted,
            "student_vle_sample": lambda row: False,
        },
    )
    real_data.convert("oulad-tasks", part, target)
    submissions: dict[Enrolment, list[tuple[int, str]]] = {key: [] for key in kept}
    for row in real_data.rows_of(part / "student_assessment.csv.gz"):
        if row["is_banked"] == "0" and row["score"]:
            assessment = assessments[row["id_assessment"]]
            days = submissions[enrolment(assessment | row)]
            days.append((int(row["date_submitted"]), assessment["assessment_type"]))
    return Course(kept, submissions)


def add_days_with_study(folder: Path) -> None:
    """Has every learner study on its first three days, without a task.

    The files count whoever was enrolled, Paceline those with three days of study; the set's own clicks would do, but
    this part of it has those of six days.
    """
    rows = []
    for learner in real_data.rows_of(folder / "learners.csv"):
        joined_at = datetime.fromisoformat(learner["joined_at"])
        for day in range(3):
            event_id = real_data.an_id("studied", learner["id"], str(day))
            rows.append((event_id, learner["id"], (joined_at + day * DAY).isoformat(), "page_visited"))
    real_data.write(folder / "study_events.csv", ("event_id", "learner_id", "occurred_at", "name"), rows)


def add_viewers(folder: Path, days: Collection[int]) -> None:
    """Adds learners of each starting level who are on these days of their journeys now."""
    viewers = [
        {
            "id": viewer(start, day),
            "joined_at": (NOW - (day - 1) * DAY).isoformat(),
            "diagnostic_score": str(start),
            "active": "true",
            "shares_data": "false",
        }
        for start in (5.0, 5.5, 6.0, 6.5)
        for day in days
    ]
    rest = iter([viewers])
    rewrite(folder / "learners.csv", lambda row: [row, *next(rest, [])])


def viewer(start: float, day: int) -> str:
    return an_id(f"viewer from {start} on day {day}")


async def run_jobs(database: Database, rules: ReleaseRules, now: datetime) -> None:
    jobs = registered(rules)
    for name in ("daily-stats", "activity-totals", "cohort-snapshots", "success-benchmarks"):
        await jobs[name].run(database, now)


# ---- those who reached a result

COMMON_DAYS = (14, 28, 56)  # of the files' days, those that a benchmark is released for
TARGETS = {"Distinction": (7.5, 8.0), "Pass_or_better": (7.0,)}


async def benchmark(client: Client, start: float, day: int, band: float, percent: int) -> dict[str, Any]:
    asked = {"learner": viewer(start, day), "band": band, "percent": percent}
    found: dict[str, Any] = (await client.data(BENCHMARK, asked))["learner"]["ghost"]["successBenchmark"]
    return found


async def assert_as_expected(served: Served, row: Mapping[str, Any]) -> None:
    """The benchmarks of one row of the file, in all three shares."""
    start = real_data.LEVELS[row["starting"]]
    for band in TARGETS[row["target"]]:
        for percent in SHARES:
            found = await benchmark(served.admin(), start, row["day"], band, percent)
            if row.get("withheld"):
                assert found == {"reason": "TOO_FEW_PEERS"}
                continue
            # A tenth of fewer than 100 is nobody's figure.
            shown = 25 if percent == 10 and row["n"] < 100 else percent
            tasks = found.pop("values")[0]
            assert tasks == {
                "metric": "TASKS_COMPLETED",
                "value": pytest.approx(row["mean_of_top"][str(shown)], abs=PRECISION),
            }
            assert found == {
                "targetBand": band,
                "startingSkill": start,
                "dayNumber": row["day"],
                "successPercentile": shown,
                "sampleSize": row["n"],
            }


async def assert_benchmarks_are_the_files(
    database_url: str, tmp_path: Path, keep: Callable[[str, str], bool], rows: Sequence[Mapping[str, Any]]
) -> None:
    """*rows* of the file against the benchmarks of those whom *keep*, by their results and levels, is for."""
    folder = tmp_path / "import"

    def kept(key: Enrolment, row: Row) -> bool:
        # One level more than there are starts: it would share the uppermost.
        level, result = row["highest_education"], row["final_result"]
        return level != "Post Graduate Qualification" and keep(level, result)

    converted(tmp_path / "source", folder, kept, until=90)
    add_days_with_study(folder)
    add_viewers(folder, COMMON_DAYS)
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        await load(served.database, folder, NOW)
        await run_jobs(served.database, EXACT, NOW)
        for row in rows:
            await assert_as_expected(served, row)


def rows_of_benchmarks() -> list[dict[str, Any]]:
    return [
        row
        for row in expected("oulad", "success_benchmarks")["rows"]
        if row["day"] in COMMON_DAYS and row["target"] in TARGETS and row["starting"] != "Post Graduate Qualification"
    ]


@POSTGRESQL_WHEN_HEAVY
async def test_what_achievers_had_done_is_as_others_worked_it_out(database_url: str, tmp_path: Path) -> None:
    whole = {("Distinction", "HE Qualification"), ("Distinction", "No Formal quals"), ("Pass", "No Formal quals")}
    rows = [
        row
        for row in rows_of_benchmarks()
        if (row["target"], row["starting"]) == ("Distinction", "HE Qualification")
        or row["starting"] == "No Formal quals"
    ]
    assert sorted({row["n"] for row in rows}) == [10, 57, 350]
    await assert_benchmarks_are_the_files(database_url, tmp_path, lambda level, result: (result, level) in whole, rows)


@pytest.mark.heavy
async def test_all_benchmarks_are_as_others_worked_them_out(database_url: str, tmp_path: Path) -> None:
    rows = rows_of_benchmarks()
    assert len(rows) == 8 * len(COMMON_DAYS)
    await assert_benchmarks_are_the_files(
        database_url, tmp_path, lambda level, result: result in ("Distinction", "Pass"), rows
    )


KINDS = {
    ActivityMetric.TASKS_COMPLETED: None,
    ActivityMetric.WRITING_TASKS: "TMA",
    ActivityMetric.READING_TASKS: "CMA",
    ActivityMetric.MOCK_TESTS: "Exam",
}


def streak(days: Collection[int], today: int) -> int:
    """Days in a row that end with today, or with yesterday where there is nothing today yet."""
    last = today if today in days else today - 1
    return next(length for length in range(len(days) + 1) if last - length not in days)


def figures_on(
    course: Course, keys: Collection[Enrolment], day: int, also: Collection[int] = ()
) -> dict[ActivityMetric, Floats]:
    """The ten figures of enrolments by a day, from their submissions. also: days with study without a task."""
    studied = [{max(1, d) for d, _ in course.submissions[key]} | set(also) for key in keys]
    none = np.zeros(len(studied))
    return {
        **{metric: course.tasks(keys, day, kind=kind) for metric, kind in KINDS.items()},
        ActivityMetric.TASKS_THIS_WEEK: course.tasks(keys, day, since=day - 7 if day > 7 else -1000),
        ActivityMetric.PRACTICE_MINUTES: none,
        ActivityMetric.SPEAKING_TASKS: none,
        ActivityMetric.LISTENING_TASKS: none,
        ActivityMetric.CURRENT_STREAK: np.array([streak({d for d in days if d <= day}, day) for days in studied]),
        ActivityMetric.DAYS_PRACTICED_PER_WEEK: np.array([sum(day - 7 < d <= day for d in days) for days in studied]),
    }


def top_mean(values: Floats, percent: int) -> float:
    best = np.sort(values)[::-1]
    return float(best[: -(-len(best) * percent // 100)].mean())


@POSTGRESQL_WHEN_HEAVY
async def test_every_figure_of_achievers_is_worked_out_from_their_own_rows(database_url: str, tmp_path: Path) -> None:
    """Here nobody is given days with study: who handed in on fewer than three of the first 90 days counts nowhere."""
    folder = tmp_path / "import"
    course = converted(
        tmp_path / "source",
        folder,
        lambda key, row: (row["final_result"], row["highest_education"]) == ("Distinction", "HE Qualification"),
        until=100,
    )
    add_viewers(folder, (*ANCHOR_DAYS, 35, 400))
    handed_in = {key: {max(1, d) for d, _ in some if d <= 90} for key, some in course.submissions.items()}
    keys = [key for key, days in handed_in.items() if len(days) >= 3]
    assert 200 < len(keys) < len(handed_in) == 350
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        await load(served.database, folder, NOW)
        await run_jobs(served.database, EXACT, NOW)
        found = {
            (day, percent): await benchmark(served.admin(), 6.5, day, 8.0, percent)
            for day in (*ANCHOR_DAYS, 35, 400)
            for percent in SHARES
        }
        releases = await current_releases(served.database)
        await run_jobs(served.database, PRIVATE, NOW)
        private = await current_releases(served.database)
    wanted = {
        (day, percent): {metric: top_mean(values, percent) for metric, values in figures_on(course, keys, day).items()}
        for day in ANCHOR_DAYS
        for percent in SHARES
    }
    near = []
    for (day, percent), figures in wanted.items():
        told = success_benchmark(private, target=8.0, start=6.5, day_number=day, percent=percent)
        assert not isinstance(told, Unavailable)
        assert told.sample_size == len(keys) // 10 * 10
        assert all(one.value == round(one.value) for one in told.values)
        # The first bars of tasks hold 0 to 4 of them, and these students hand in few.
        near += [abs(one.value - figures[one.metric]) <= 4 for one in told.values if one.metric in KINDS]
    assert np.mean(near) > 0.9
    for percent in SHARES:
        before, after = wanted[28, percent], wanted[42, percent]
        wanted[35, percent] = {metric: (before[metric] + after[metric]) / 2 for metric in before}
        wanted[400, percent] = wanted[90, percent]
    for asked, answer in found.items():
        assert answer["sampleSize"] == len(keys)
        assert {one["metric"]: one["value"] for one in answer["values"]} == {
            str(metric): pytest.approx(value, abs=PRECISION) for metric, value in wanted[asked].items()
        }
    longest = [max(streak(days, day) for day in days) for days in (handed_in[key] for key in keys)]
    for length in range(1, 10):
        share = share_keeping(releases, 8.0, 6.5, length)
        assert share == pytest.approx(np.mean(np.array(longest) >= length), abs=PRECISION)


# ---- cohorts


def of_presentations(*names: str) -> Callable[[Enrolment, Row], bool]:
    return lambda key, row: f"{key[0]} {key[1]}" in names


def unregistered() -> dict[str, int]:
    """The day on which an enrolment ended, by learner."""
    rows = real_data.rows_of(DATA / "oulad" / "student_registration.csv.gz")
    return {learner_of(enrolment(row)): int(row["date_unregistration"]) for row in rows if row["date_unregistration"]}


async def snapshot_of(client: Client, module: str, presentation: str) -> dict[str, Any]:
    return await snapshot_of_cohort(client, real_data.an_id("oulad", "presentation", module, presentation))


async def snapshot_of_cohort(client: Client, cohort_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await client.data(SNAPSHOT, {"cohort": cohort_id}))["cohort"]["snapshot"]
    return shown | {"averages": {one["metric"]: one["value"] for one in shown["averages"]}}


@POSTGRESQL_WHEN_HEAVY
async def test_what_cohorts_do_is_as_others_worked_it_out(database_url: str, tmp_path: Path) -> None:
    """On day 60 of three presentations, in one of which ten students are active: all learners stand in for those."""
    day, presentation, modules = 60, "2014B", ("DDD", "EEE", "GGG")
    now = datetime(2014, 2, 1, 20, tzinfo=UTC) + day * DAY
    folder = tmp_path / "import"
    ended = unregistered()
    course = converted(
        tmp_path / "source", folder, of_presentations(*(f"{one} {presentation}" for one in modules)), until=day
    )
    add_days_with_study(folder)
    gone = {learner for learner, last in ended.items() if last <= day}
    rewrite(folder / "learners.csv", partial(as_of, gone=gone))
    rows = {
        row["module"]: row
        for row in expected("oulad", "cohort_snapshots")["rows"]
        if (row["presentation"], row["day"]) == (presentation, day) and row["module"] in modules
    }
    active = {
        module: [
            key
            for key, some in course.submissions.items()
            if key[0] == module and learner_of(key) not in gone and any(day - 14 < d <= day for d, _ in some)
        ]
        for module in modules
    }
    assert {module: row["active_members"] for module, row in rows.items()} == {
        module: len(keys) for module, keys in active.items()
    }
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        served.now = now
        await load(served.database, folder, now)
        await run_jobs(served.database, EXACT, now)
        client = served.admin()
        shown = {module: await snapshot_of(client, module, presentation) for module in modules}
        for row in rows.values():
            await assert_ranks_are_the_files(client, row)
    everybody = [key for keys in active.values() for key in keys]
    for module, row in rows.items():
        keys = everybody if row["withheld_below_50"] else active[module]
        figures = figures_on(course, keys, day, also=(1, 2, 3))
        assert shown[module] == {
            "population": "ALL_LEARNERS" if row["withheld_below_50"] else "COHORT",
            "activeMembers": len(keys),
            "medianStreak": np.median(figures[ActivityMetric.CURRENT_STREAK]),
            "top10PercentTasks": np.percentile(figures[ActivityMetric.TASKS_COMPLETED], 90),
            "top25PercentTasks": np.percentile(figures[ActivityMetric.TASKS_COMPLETED], 75),
            "averages": {
                str(metric): pytest.approx(values.mean(), abs=PRECISION) for metric, values in figures.items()
            },
        }
        if not row["withheld_below_50"]:
            assert_figures_are_the_files(shown[module], row)


def assert_figures_are_the_files(shown: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    assert (shown["population"], shown["activeMembers"]) == ("COHORT", row["active_members"])
    found = {
        "avg_tasks_completed": shown["averages"]["TASKS_COMPLETED"],
        "avg_tasks_this_week": shown["averages"]["TASKS_THIS_WEEK"],
        "p75_tasks": shown["top25PercentTasks"],
    }
    if row["active_members"] >= 100:
        found["p90_tasks"] = shown["top10PercentTasks"]
    assert found == {name: pytest.approx(row[name], abs=PRECISION) for name in found}


async def assert_ranks_are_the_files(client: Client, row: Mapping[str, Any]) -> None:
    """The ranks of some students of a cohort; among a wider population where it is too small."""
    for one in row["strict_percentile_of_tasks"]:
        learner = learner_of((row["module"], row["presentation"], str(one["id_student"])))
        ghost = (await client.data(RANK, {"learner": learner}))["learner"]["ghost"]
        assert ghost["activity"] == {"tasksCompleted": one["tasks"]}
        comparison = ghost["cohortComparison"]
        if row["withheld_below_50"]:
            assert comparison["snapshot"]["population"] in ("SAME_TARGET", "ALL_LEARNERS")
        else:
            assert comparison == {"percentileRank": one["percentile_floor"], "snapshot": {"population": "COHORT"}}


STARTS = {
    f"{year}{letter}": datetime(year, month, 1, tzinfo=UTC)
    for year in (2013, 2014)
    for letter, month in real_data.MONTHS.items()
}


def as_of(row: Row, gone: Collection[str]) -> list[Row]:
    return [row | {"active": str(row["id"] not in gone).lower()}]


@pytest.mark.heavy
async def test_all_cohorts_are_as_others_worked_them_out_as_the_years_go_by(database_url: str, tmp_path: Path) -> None:
    """Two years in twelve steps: what came in meanwhile is imported, who left is deactivated, and the jobs run."""
    rows = expected("oulad", "cohort_snapshots")["rows"]
    folder = tmp_path / "import"
    converted(tmp_path / "source", folder, lambda key, row: True, until=120)
    add_days_with_study(folder)
    students = list(real_data.rows_of(DATA / "oulad" / "student_registration.csv.gz"))
    began = {learner_of(enrolment(row)): STARTS[row["code_presentation"]] for row in students}
    left_at = {learner: began[learner] + day * DAY for learner, day in unregistered().items()}
    events = {name: list(real_data.rows_of(folder / f"{name}.csv")) for name in ("task_completions", "study_events")}
    steps = sorted({(STARTS[row["presentation"]] + row["day"] * DAY, row["presentation"], row["day"]) for row in rows})
    assert len(steps) == 12
    before = datetime(2000, 1, 1, tzinfo=UTC)
    compared = 0
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        for today, presentation, day in steps:
            served.now = today + timedelta(hours=20)
            for name, found in events.items():
                new = [row for row in found if before < datetime.fromisoformat(row["occurred_at"]) <= today]
                real_data.write(folder / f"{name}.csv", tuple(found[0]), (tuple(row.values()) for row in new))
            gone = {learner for learner, at in left_at.items() if at <= today}
            rewrite(folder / "learners.csv", partial(as_of, gone=gone))
            await load(served.database, folder, served.now)
            await run_jobs(served.database, EXACT, served.now)
            before = today
            for row in rows:
                if (row["presentation"], row["day"]) != (presentation, day):
                    continue
                await assert_ranks_are_the_files(served.admin(), row)
                if not row["withheld_below_50"]:
                    shown = await snapshot_of(served.admin(), row["module"], presentation)
                    assert_figures_are_the_files(shown, row)
                    compared += 1
    assert compared == sum(not row["withheld_below_50"] for row in rows) > 40


# ---- streaks


@POSTGRESQL_WHEN_HEAVY
async def test_streaks_of_real_visits_are_as_others_counted_them(database_url: str, tmp_path: Path) -> None:
    learners = expected("oulad", "vle_streaks")["learners"]
    assert len(learners) == 155
    visitors = {("AAA", "2013J", str(one["id_student"])) for one in learners}
    part = excerpt(
        "oulad",
        tmp_path / "source",
        {
            "student": lambda row: enrolment(row) in visitors,
            "student_assessment": lambda row: False,
        },
    )
    real_data.convert("oulad-tasks", part, tmp_path / "import")
    async with serving(database_url, retention_days=0) as served:
        await load(served.database, tmp_path / "import", NOW)
        await run_jobs(served.database, PRIVATE, NOW)
        for day in (3, 4, 5):
            served.now = datetime(2013, 10, 1, 20, tzinfo=UTC) + day * DAY
            assert await streaks_of(served.admin(), "AAA", "2013J") == {
                learner_of(("AAA", "2013J", str(one["id_student"]))): {
                    "learningPatterns": {
                        "currentStreak": one[f"current_streak_day_{day}"],
                        "longestStreak": one["longest_streak"],
                    },
                    "ghost": {"activity": {"currentStreak": one[f"current_streak_day_{day}"]}},
                }
                for one in learners
            }


async def streaks_of(client: Client, module: str, presentation: str) -> dict[str, Any]:
    """The streaks of a cohort's learners by their ids, from its two pages."""
    cohort_id = real_data.an_id("oulad", "presentation", module, presentation)
    found: dict[str, Any] = {}
    after = None
    for _ in range(2):
        page = (await client.data(STREAKS, {"cohort": cohort_id, "after": after}))["cohort"]["learners"]
        found |= {edge["node"].pop("id"): edge["node"] for edge in page["edges"]}
        after = page["pageInfo"]["endCursor"]
    return found


# ---- minutes


@POSTGRESQL_WHEN_HEAVY
async def test_minutes_of_real_courses_are_as_others_worked_them_out(database_url: str, tmp_path: Path) -> None:
    """In whole minutes: everybody's are rounded down, and so what is worked out from them is lower by less than one."""
    figures = expected("student-scores", "online_science_cohorts")
    real_data.convert("online-science", DATA / "student-scores", tmp_path)
    now = datetime(2017, 1, 18, 20, tzinfo=UTC)
    ids = {
        row["course_id"]: real_data.an_id("online-science", "section", row["course_id"]) for row in figures["cohorts"]
    }
    async with serving(database_url, peer_release="exact", retention_days=0) as served:
        served.now = now
        await load(served.database, tmp_path, now)
        await run_jobs(served.database, EXACT, now)
        shown = {course: await snapshot_of_cohort(served.admin(), cohort_id) for course, cohort_id in ids.items()}
        exact = await current_releases(served.database)
        await run_jobs(served.database, PRIVATE, now)
        private = await current_releases(served.database)
    cells = {ALL: cell_of(ALL, ActivityMetric.PRACTICE_MINUTES)}
    for row in figures["cohorts"]:
        found = shown[row["course_id"]]
        if row["withheld_below_50"]:
            assert (found["population"], found["activeMembers"]) == ("ALL_LEARNERS", figures["all"]["n"])
            continue
        assert (found["population"], found["activeMembers"]) == ("COHORT", row["n_minutes"])
        assert 0 <= row["avg_minutes"] - found["averages"]["PRACTICE_MINUTES"] < 1
        cell = cells[row["course_id"]] = cell_of(of_cohort(ids[row["course_id"]]), ActivityMetric.PRACTICE_MINUTES)
        assert 0 <= row["p75_minutes"] - value_at(exact[cell], 0.75) < 1
    everybody = exact[cells[ALL]]
    for share, name in ((0.1, "p10"), (0.25, "q1"), (0.5, "median"), (0.75, "q3"), (0.9, "p90")):
        assert 0 <= figures["all"][name] - value_at(everybody, share) < 1
    assert 0 <= figures["all"]["mean"] - mean(everybody, MINUTES) < 1
    assert len(cells) == 3
    for cell in cells.values():
        assert_within_its_margins(private[cell], exact[cell])


MINUTES = SCALES[ActivityMetric.PRACTICE_MINUTES]


def value_at(release: Release, share: float) -> float:
    value = quantile(release, share, MINUTES)
    assert value is not None
    return value


def assert_within_its_margins(private: Release, exact: Release) -> None:
    """Of the members' ranks nine in ten are no further off than twice the margin of even bars: these are wider."""
    assert exact.means is not None
    assert private.size == exact.size // 10 * 10
    off = [abs(rank_below(private, minutes) - rank_below(exact, minutes)) for minutes in exact.means]
    assert np.percentile(off, 90) <= 2 * margin_of_size(private.size)
    # By a fifth at most: what the noise moves, and that people are taken to stand evenly within a bar.
    assert mean(private, MINUTES) == pytest.approx(mean(exact, MINUTES), rel=0.2)
