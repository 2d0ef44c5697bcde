"""The GraphQL requests that the benchmarks send."""

from typing import Final

from bench.load import Request
from bench.people import Population
from bench.workshop import Workshop

DIFFERENT_REQUESTS: Final = 400

PEER_STANDING: Final = """
query Standing($objective: ID!) {
  viewer {
    peerStanding(objectiveId: $objective) {
      ... on PeerStanding { percentileRank rankMargin category score }
      ... on Unavailable { reason message }
    }
  }
}
"""

# Another answer tomorrow, so a server that keeps answers works this one out each time.
PEER_STANDING_TODAY: Final = PEER_STANDING.replace("viewer {", "viewer { dayInJourney")

RELATIVE_PERFORMANCE: Final = """
query Profile {
  viewer {
    relativePerformance {
      ... on RelativePerformance {
        averagePercentile
        strengths { objective { id name } percentileRank peerMean advantage }
        weaknesses { objective { id name } percentileRank peerMean advantage }
      }
      ... on Unavailable { reason message }
    }
  }
}
"""

COHORT_SCORES: Final = """
query Scores($cohort: ID!, $learners: Int!) {
  cohort(id: $cohort) {
    learners(first: $learners) {
      edges {
        node {
          id
          displayName
          objectiveScores(first: 12) { edges { node { objective { id name } score responses } } }
        }
      }
    }
  }
}
"""


def standings(workshop: Workshop, people: Population, document: str = PEER_STANDING) -> list[Request]:
    """One standing of one learner each, every request by the learner itself."""
    return [
        Request.of(document, {"objective": objective}, workshop.token(learner))
        for learner, objective in people.pairs[:DIFFERENT_REQUESTS]
    ]


def profiles(workshop: Workshop, people: Population, objectives: int) -> list[Request]:
    """The profiles of learners who have answered that many objectives."""
    learners = [id_ for id_, number in people.answered.items() if number == objectives]
    return [Request.of(RELATIVE_PERFORMANCE, {}, workshop.token(id_)) for id_ in learners[:DIFFERENT_REQUESTS]]


def cohort_scores(workshop: Workshop, people: Population, learners: int) -> list[Request]:
    """So many learners of each cohort, asked for by its educator."""
    educator = "5ca1ab1e-0000-4000-8000-000000000001"
    return [
        Request.of(
            COHORT_SCORES,
            {"cohort": cohort, "learners": learners},
            workshop.token(educator, "educator", cohorts=[cohort]),
        )
        for cohort in people.cohorts
    ]
