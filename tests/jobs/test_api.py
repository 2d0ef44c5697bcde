"""Runs of jobs over HTTP."""

import pytest

from domain.jobs.writes import end_run, start_run
from tests.builders import NOW, add_learners
from tests.client import serving

pytestmark = pytest.mark.anyio

RUNS = "query ($job: String, $first: Int! = 20) { jobRuns(job: $job, first: $first) { job startedAt rows error } }"


async def test_staff_see_the_latest_runs_and_nobody_else_does(database_url: str) -> None:
    async with serving(database_url) as served:
        [learner] = await add_learners(served.database, ["ada"])
        async with served.database.write() as writing:
            for number, job in enumerate(("gaps", "mastery", "gaps")):
                run_id = await start_run(writing, job, NOW.replace(minute=number))
                if number:
                    await end_run(writing, run_id, NOW, rows=number, error=None)
        runs = (await served.admin().data(RUNS))["jobRuns"]
        assert [(run["job"], run["rows"]) for run in runs] == [("gaps", 2), ("mastery", 1), ("gaps", None)]
        assert len((await served.admin().data(RUNS, {"first": 1}))["jobRuns"]) == 1
        assert [run["rows"] for run in (await served.admin().data(RUNS, {"job": "gaps"}))["jobRuns"]] == [2, None]
        assert (await served.learner(learner).data(RUNS))["jobRuns"] is None
        assert (await served.service().data(RUNS))["jobRuns"] is None
        error = await served.admin().error(RUNS, {"first": 0})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
