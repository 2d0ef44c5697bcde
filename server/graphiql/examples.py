"""Example queries of the IDE: the peer part of the API, each ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import dedent
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

ExampleRole = Literal["learner", "staff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A document with one operation, whose name is its tab's title.

    name: for people, unique.
    variables: as JSON values.
    role: whose token it is to be sent with.
    """

    name: str
    document: str
    role: ExampleRole
    variables: Mapping[str, object] = field(default_factory=dict)


def examples(*, objective_id: str, learner_id: str, cohort_id: str, now: datetime) -> tuple[Example, ...]:
    """Every example, in the order of its tab; the first one has no variables.

    learner_id: whom the learner's token names.
    cohort_id: one that the staff's token may read.
    now: when the example's response occurred: the server refuses old and future ones.
    """
    objective = {"objectiveId": objective_id}
    return (
        Example(name="Me, and my day in the journey", document=_VIEWER, role="learner"),
        Example(name="Objectives", document=_OBJECTIVES, variables={"search": None, "first": 20}, role="learner"),
        Example(
            name="Where I stand in an objective",
            document=_PEER_STANDING,
            variables=objective | {"metric": "COMPREHENSION"},
            role="learner",
        ),
        Example(
            name="All four metrics, for a radar chart", document=_PEER_PROFILE, variables=objective, role="learner"
        ),
        Example(
            name="My strengths and weaknesses",
            document=_RELATIVE_PERFORMANCE,
            variables={"metric": "COMPREHENSION"},
            role="learner",
        ),
        Example(
            name="Peers' scores, for a box plot",
            document=_PEER_DISTRIBUTION,
            variables=objective | {"metric": "COMPREHENSION"},
            role="learner",
        ),
        Example(
            name="Peers in every metric", document=_PEER_BENCHMARK, variables={"objectiveId": None}, role="learner"
        ),
        Example(
            name="My own scores, page by page",
            document=_OBJECTIVE_SCORES,
            variables={"metric": "COMPREHENSION", "first": 10, "after": None},
            role="learner",
        ),
        Example(
            name="A cohort's learners",
            document=_COHORT_LEARNERS,
            variables={"cohortId": cohort_id, "first": 20, "after": None},
            role="staff",
        ),
        Example(
            name="Share my scores with peers' figures",
            document=_SET_DATA_SHARING,
            variables={"learnerId": learner_id, "share": True},
            role="learner",
        ),
        Example(
            name="Record a validation response",
            document=_RECORD_RESPONSE,
            variables={"events": [{"validationResponse": _response(objective_id, learner_id, now)}]},
            role="learner",
        ),
    )


def _response(objective_id: str, learner_id: str, now: datetime) -> dict[str, object]:
    occurred_at = now.isoformat(timespec="seconds")
    return {
        # The same content has the same id: what is sent twice is one event.
        "eventId": str(uuid5(NAMESPACE_URL, f"paceline:example:{learner_id}:{objective_id}:{occurred_at}")),
        "learnerId": learner_id,
        "occurredAt": occurred_at,
        "objectiveId": objective_id,
        "score": 0.8,
        "reasoningScore": 72,
        "calibrationDelta": -6,
        "masteryVerified": True,
    }


def _document(text: str) -> str:
    return dedent(text).lstrip("\n")


_VIEWER = _document("""
    # The learner that the token below names.
    query Viewer {
      viewer {
        id
        displayName
        joinedAt
        dayInJourney
        sharesData
        cohort {
          id
          name
        }
      }
    }
""")

_OBJECTIVES = _document("""
    # The next page is after this one's endCursor.
    query Objectives(
      $search: String
      $first: Int = 20
      $after: String
    ) {
      objectives(
        search: $search
        first: $first
        after: $after
      ) {
        totalCount
        edges {
          node {
            id
            name
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
""")

_PEER_STANDING = _document("""
    # The learner's own score among its peers.
    # With too few peers the answer says so, and
    # never how many there are.
    query PeerStanding(
      $objectiveId: ID!
      $metric: PeerMetric! = COMPREHENSION
    ) {
      viewer {
        peerStanding(
          objectiveId: $objectiveId
          metric: $metric
        ) {
          __typename
          ... on PeerStanding {
            objective {
              name
            }
            score
            percentileRank
            rankMargin
            category
            distribution {
              q1
              median
              q3
              sampleSize
              calculatedAt
            }
          }
          ... on Unavailable {
            reason
            message
          }
        }
      }
    }
""")

_PEER_PROFILE = _document("""
    # For each metric one axis of a radar chart.
    query PeerProfile($objectiveId: ID!) {
      viewer {
        peerProfile(objectiveId: $objectiveId) {
          ... on PeerStanding {
            metric
            score
            percentileRank
            category
            distribution {
              mean
            }
          }
          ... on Unavailable {
            reason
            message
          }
        }
      }
    }
""")

_RELATIVE_PERFORMANCE = _document("""
    # Objectives far from the learner's average rank.
    query RelativePerformance(
      $metric: PeerMetric! = COMPREHENSION
    ) {
      viewer {
        relativePerformance(metric: $metric) {
          ... on RelativePerformance {
            averagePercentile
            strengths {
              ...standing
            }
            weaknesses {
              ...standing
            }
          }
          ... on Unavailable {
            reason
            message
          }
        }
      }
    }

    fragment standing on RelativeStanding {
      objective {
        name
      }
      percentileRank
      peerMean
      advantage
    }
""")

_PEER_DISTRIBUTION = _document("""
    # All that a box plot and a histogram need.
    query PeerDistribution(
      $objectiveId: ID
      $metric: PeerMetric! = COMPREHENSION
    ) {
      peerDistribution(
        objectiveId: $objectiveId
        metric: $metric
      ) {
        ... on PeerDistribution {
          whiskerLow
          q1
          median
          q3
          whiskerHigh
          iqr
          mean
          stdDev
          sampleSize
          calculatedAt
          histogram {
            from
            to
            share
          }
        }
        ... on Unavailable {
          reason
          message
        }
      }
    }
""")

_PEER_BENCHMARK = _document("""
    # Over one objective; without an id over all.
    query PeerBenchmark($objectiveId: ID) {
      peerBenchmark(objectiveId: $objectiveId) {
        ... on PeerBenchmark {
          objective {
            name
          }
          dimensions {
            metric
            mean
            stdDev
            median
            sampleSize
          }
        }
        ... on Unavailable {
          reason
          message
        }
      }
    }
""")

_OBJECTIVE_SCORES = _document("""
    # The next page is after this one's endCursor.
    query ObjectiveScores(
      $metric: PeerMetric! = COMPREHENSION
      $first: Int = 10
      $after: String
    ) {
      viewer {
        objectiveScores(
          metric: $metric
          first: $first
          after: $after
        ) {
          totalCount
          edges {
            node {
              objective {
                name
              }
              score
              responses
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
""")

_COHORT_LEARNERS = _document("""
    # For staff: with a learner's token the list
    # is null.
    query CohortLearners(
      $cohortId: ID!
      $first: Int = 20
      $after: String
    ) {
      cohort(id: $cohortId) {
        name
        learners(first: $first, after: $after) {
          totalCount
          edges {
            node {
              id
              displayName
              dayInJourney
              sharesData
            }
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
""")

_SET_DATA_SHARING = _document("""
    # Consent to be counted in peers' figures.
    mutation SetDataSharing(
      $learnerId: ID!
      $share: Boolean!
    ) {
      setDataSharing(learnerId: $learnerId, share: $share) {
        id
        sharesData
      }
    }
""")

_RECORD_RESPONSE = _document("""
    # Run it twice: an event is stored once.
    mutation RecordResponse($events: [EventInput!]!) {
      recordEvents(events: $events) {
        accepted
        duplicates
        rejected {
          index
          code
          message
        }
      }
    }
""")
