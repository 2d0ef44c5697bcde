"""Ghost reports as clients ask for them: everything that there is in one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from tests.builders import an_id
from tests.client import Client, Served

REPORT = """
query (
  $learner: ID!, $context: GhostContext! = DAILY_DASHBOARD, $band: Float, $percent: Int! = 25, $language: String
) {
  learner(id: $learner) {
    ghost(context: $context, targetBand: $band, successPercentile: $percent, language: $language) {
      context visible priority
      activity { tasksCompleted tasksThisWeek practiceMinutes currentStreak dayInJourney }
      successBenchmark {
        __typename
        ... on SuccessBenchmark {
          targetBand startingSkill dayNumber successPercentile sampleSize values { metric value }
        }
        ... on Unavailable { reason message }
      }
      cohortComparison {
        __typename
        ... on CohortComparison {
          percentileRank streakRank: percentileRank(metric: CURRENT_STREAK)
          snapshot { ...Snapshot }
        }
        ... on Unavailable { reason message }
      }
      messages { kind metric position tone yours theirs text }
      catchUp { tasksToday minutesToday }
    }
  }
}
fragment Snapshot on CohortSnapshot {
  population activeMembers averages { metric value } medianStreak top10PercentTasks top25PercentTasks calculatedAt
}
"""


async def report(client: Client, name: str, **variables: Any) -> dict[str, Any]:
    """The whole report of the learner of this name, as *client* sees it."""
    found: dict[str, Any] = (await client.data(REPORT, {"learner": an_id(name), **variables}))["learner"]["ghost"]
    return found


async def own_report(served: Served, name: str, **variables: Any) -> dict[str, Any]:
    """As the learner itself sees it."""
    return await report(served.learner(an_id(name)), name, **variables)


def told(shown: dict[str, Any]) -> list[tuple[str, str]]:
    """Kind and metric of each message."""
    return [(message["kind"], message["metric"]) for message in shown["messages"]]


@contextmanager
def at(served: Served, moment: datetime) -> Iterator[None]:
    """Has the server's clock say *moment* for a while."""
    before, served.now = served.now, moment
    yield
    served.now = before
