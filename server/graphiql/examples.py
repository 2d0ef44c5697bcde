"""Example queries of the IDE, each ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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


def examples(
    *, objective_id: str, topic_id: str, learner_id: str, cohort_id: str, now: datetime
) -> tuple[Example, ...]:
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
        Example(name="My mastery, and where it is heading", document=_MASTERY, variables={"first": 20}, role="learner"),
        Example(name="Reviews that are due", document=_REVIEWS, variables={"days": 14}, role="learner"),
        Example(name="My gaps, and what to study first", document=_GAPS, variables={"first": 5}, role="learner"),
        Example(name="Am I ready for the exam?", document=_READINESS, role="learner"),
        Example(
            name="What to study until the exam",
            document=_EXAM_PLAN,
            variables={"examDate": (now.date() + timedelta(weeks=4)).isoformat(), "minutesPerDay": 45},
            role="learner",
        ),
        Example(
            name="How well I use my time", document=_EFFICIENCY, variables={"days": 120, "past": 120}, role="learner"
        ),
        Example(
            name="My days and weeks of study",
            document=_ACTIVITY,
            variables={"from": (now.date() - timedelta(weeks=4)).isoformat(), "to": now.date().isoformat()},
            role="learner",
        ),
        Example(
            name="My answers, by difficulty",
            document=_DIFFICULTY,
            variables={"topicId": topic_id, "mode": "STANDARD", "requiredCorrect": None},
            role="learner",
        ),
        Example(
            name="How good a topic's questions are",
            document=_ITEMS,
            variables={"topicId": topic_id, "first": 10},
            role="staff",
        ),
        Example(
            name="Me and those who reached my goal",
            document=_GHOST,
            variables={"context": "DAILY_DASHBOARD", "targetBand": None},
            role="learner",
        ),
        Example(
            name="My ghost, as it changes",
            document=_GHOST_UPDATES,
            variables={"learnerId": learner_id, "context": "TASK_COMPLETION"},
            role="learner",
        ),
        Example(
            name="My weekly report, in German",
            document=_WEEKLY_REPORT,
            variables={"language": "de"},
            role="learner",
        ),
        Example(
            name="An industry over the last year",
            document=_BENCHMARK_SERIES,
            variables={
                "industry": "retail",
                "companySize": "MEDIUM",
                "region": "NATIONAL",
                "metrics": ["revenue_per_employee", "profit_margin"],
                "source": "SYNTHETIC",
            },
            role="learner",
        ),
        Example(
            name="What companies say of themselves",
            document=_BENCHMARK_SERIES.replace("BenchmarkSeries", "ContributedSeries"),
            variables={
                "industry": "healthcare",
                "metrics": ["no_show_rate", "patient_wait_time"],
                "source": "USER_CONTRIBUTED",
            },
            role="learner",
        ),
        Example(
            name="My company among others",
            document=_BENCHMARK_COMPARISONS,
            variables={
                "industry": "hospitality",
                "companySize": "SMALL",
                "values": [
                    {"metric": "occupancy_rate", "value": 0.71},
                    {"metric": "customer_acquisition_cost", "value": 55},
                ],
            },
            role="learner",
        ),
        Example(name="Industries, and what is known of them", document=_INDUSTRIES, role="learner"),
        Example(name="What a cohort does", document=_COHORT_SNAPSHOT, variables={"cohortId": cohort_id}, role="staff"),
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
            name="Choose what I am compared with",
            document=_SET_COMPARISON_MODE,
            variables={"learnerId": learner_id, "mode": "ACHIEVERS_ONLY"},
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

_MASTERY = _document("""
    # What has been shown of each topic, and how
    # much of it will be remembered.
    query Mastery($first: Int = 20) {
      viewer {
        learningMetrics {
          accuracy30d
          studyMinutes30d
          topicsMastered
          topicsWeak
        }
        mastery(first: $first) {
          totalCount
          edges {
            node {
              topic {
                name
              }
              score
              confidenceLow
              confidenceHigh
              pKnown
              retrievalStrength
              materialCompletion
              trend
              projectedDaysToMastery
              forgettingCurve(days: 7)
            }
          }
        }
      }
    }
""")

_REVIEWS = _document("""
    # Topics that are due by today, soonest first,
    # and what the coming days bring.
    query Reviews($days: Int! = 14) {
      viewer {
        reviews(first: 10) {
          totalCount
          edges {
            node {
              topic {
                name
              }
              dueQuestions
              nextReviewAt
              retrievalStrength
            }
          }
        }
        reviewForecast(days: $days) {
          day
          questions
        }
      }
    }
""")

_GAPS = _document("""
    # The most urgent gaps, with the way there.
    query Gaps($first: Int = 5) {
      viewer {
        knowledgeGaps(first: $first) {
          topic {
            name
          }
          severity
          gapScore
          priorityScore
          estimatedHours
          recommendation
          learningPath {
            name
          }
          blocks {
            name
          }
        }
      }
    }
""")

_READINESS = _document("""
    # What a model of others' results expects of an
    # exam today.
    query Readiness {
      viewer {
        examReadiness {
          ... on ExamReadiness {
            readiness
            predictedScore
            passProbability
            passProbabilityLow
            passProbabilityHigh
            topicCoverage
            projectedDaysToReady
            weakSections {
              topic {
                name
              }
              readiness
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

_EXAM_PLAN = _document("""
    # A plan for each day until the exam, and what
    # will be remembered then.
    query ExamPlan($examDate: Date!, $minutesPerDay: Int!) {
      viewer {
        examPlan(
          examDate: $examDate
          minutesPerDay: $minutesPerDay
        ) {
          ... on ExamPlan {
            message
            expectedRecall
            recallWithoutStudy
            days {
              day
              minutes
              items {
                topic {
                  name
                }
                kind
                questions
              }
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

_EFFICIENCY = _document("""
    # Insights tell what went together, not why.
    query Efficiency($days: Int! = 30, $past: Int! = 90) {
      viewer {
        studyEfficiency(days: $days) {
          totalMinutes
          efficiency
          focusScore
          questionsPerHour
          bestHour
          byHour {
            hour
            minutes
            accuracy
          }
          insights {
            code
            text
          }
        }
        learningPatterns(days: $past) {
          currentStreak
          longestStreak
          consistency
          idealSessionMinutes
          byMaterial {
            kind
            minutes
            accuracyAfter
          }
          insights {
            code
            text
          }
        }
      }
    }
""")

_ACTIVITY = _document("""
    # Days are those of the learner's own time zone.
    query Activity($from: Date!, $to: Date!) {
      viewer {
        dailyStats(from: $from, to: $to) {
          day
          studyMinutes
          activeMinutes
          sessions
          questionsAttempted
          questionsCorrect
          materialsCompleted
        }
        weeklyStats(from: $from, to: $to) {
          weekStart
          studyMinutes
          activeDays
          questionsAttempted
        }
      }
    }
""")

_DIFFICULTY = _document("""
    # What became of the answers in one topic.
    query Difficulty(
      $topicId: ID!
      $mode: LearningMode! = STANDARD
      $requiredCorrect: Int
    ) {
      viewer {
        difficultyPerformance(
          topicId: $topicId
          mode: $mode
          requiredCorrect: $requiredCorrect
        ) {
          ... on DifficultyPerformance {
            topic {
              name
            }
            byDifficulty {
              difficulty
              score
              questions
              attempts
              averageAttempts
              completion
            }
            passed
            failed
            ranking
            customMetrics {
              name
              value
              error
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

_ITEMS = _document("""
    # For staff: with a learner's token the list
    # is null.
    query Items($topicId: ID!, $first: Int = 10) {
      topic(id: $topicId) {
        name
        itemAnalysis(first: $first) {
          questionId
          facility
          discrimination
          sampleSize
          calculatedAt
        }
      }
    }
""")

_GHOST = _document("""
    # What learners who reached the goal had done by
    # this day, and what the cohort does. Other places
    # to show it: TASK_COMPLETION, WEEKLY_REPORT,
    # STREAK_AT_RISK, AFTER_INACTIVITY.
    query Ghost(
      $context: GhostContext! = DAILY_DASHBOARD
      $targetBand: Float
    ) {
      viewer {
        comparisonMode
        ghost(context: $context, targetBand: $targetBand) {
          visible
          priority
          messages {
            text
            kind
            position
            tone
            yours
            theirs
          }
          activity {
            tasksCompleted
            tasksThisWeek
            practiceMinutes
            currentStreak
            dayInJourney
          }
          successBenchmark {
            ... on SuccessBenchmark {
              targetBand
              startingSkill
              dayNumber
              successPercentile
              sampleSize
              values {
                metric
                value
              }
            }
            ... on Unavailable {
              reason
              message
            }
          }
          cohortComparison {
            ... on CohortComparison {
              percentileRank
              snapshot {
                population
                activeMembers
                top10PercentTasks
                top25PercentTasks
              }
            }
            ... on Unavailable {
              reason
              message
            }
          }
          catchUp {
            tasksToday
            minutesToday
          }
        }
      }
    }
""")

_GHOST_UPDATES = _document("""
    # Run it, leave it running, and record an event in
    # another window: the answer changes by itself. The
    # button that ran it stops it.
    subscription GhostUpdates(
      $learnerId: ID!
      $context: GhostContext! = DAILY_DASHBOARD
    ) {
      ghostUpdated(learnerId: $learnerId, context: $context) {
        visible
        messages {
          text
          tone
        }
        activity {
          tasksCompleted
          practiceMinutes
          currentStreak
        }
      }
    }
""")

_WEEKLY_REPORT = _document("""
    # Without the argument the browser's language
    # counts. Each message counts towards the day's
    # limit once.
    query WeeklyReport($language: String) {
      viewer {
        ghost(context: WEEKLY_REPORT, language: $language) {
          visible
          messages {
            text
            tone
          }
        }
      }
    }
""")

_BENCHMARK_SERIES = _document("""
    # Other sources: BLS, CENSUS, USER_CONTRIBUTED,
    # each with metrics of its own. Without metrics:
    # all of them. start and end: any days.
    query BenchmarkSeries(
      $industry: String!
      $companySize: CompanySize! = MEDIUM
      $region: Region! = NATIONAL
      $metrics: [String!]
      $source: DataSource! = SYNTHETIC
    ) {
      benchmarkSeries(
        industry: $industry
        companySize: $companySize
        region: $region
        metrics: $metrics
        source: $source
      ) {
        metric {
          label
          unit
          higherIsBetter
        }
        coverage
        stale
        unavailable {
          reason
          message
        }
        points {
          period
          p10
          p25
          p50
          p75
          p90
          sampleSize
          footnotes
        }
      }
    }
""")

_BENCHMARK_COMPARISONS = _document("""
    # The figures are neither stored nor logged. Of
    # a cost, less is better: the text knows it.
    query BenchmarkComparisons(
      $industry: String!
      $companySize: CompanySize! = MEDIUM
      $values: [MetricValueInput!]!
    ) {
      benchmarkComparisons(
        industry: $industry
        companySize: $companySize
        values: $values
      ) {
        metric {
          label
        }
        period
        userValue
        benchmarkValue
        percentageDifference
        percentileRank
        censored
        interpretation
        text
      }
    }
""")

_INDUSTRIES = _document("""
    query Industries {
      industries {
        name
        label
        metrics {
          name
          label
          unit
        }
        bureau: metrics(source: BLS) {
          name
          label
          unit
        }
      }
    }
""")

_COHORT_SNAPSHOT = _document("""
    # A cohort of fewer than 50 is answered from all
    # learners: population says so.
    query CohortSnapshot($cohortId: ID!) {
      cohort(id: $cohortId) {
        name
        snapshot {
          ... on CohortSnapshot {
            population
            activeMembers
            medianStreak
            top10PercentTasks
            top25PercentTasks
            averages {
              metric
              value
            }
            calculatedAt
          }
          ... on Unavailable {
            reason
            message
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

_SET_COMPARISON_MODE = _document("""
    # ALL, ACHIEVERS_ONLY, OWN_PAST_ONLY or OFF.
    mutation SetComparisonMode(
      $learnerId: ID!
      $mode: ComparisonMode!
    ) {
      setComparisonMode(learnerId: $learnerId, mode: $mode) {
        id
        comparisonMode
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
