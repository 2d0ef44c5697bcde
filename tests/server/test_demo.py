"""The demo data: the same for the same arguments, sound as an import, and shaped so that every answer can be seen."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from domain.catalog.prerequisites import Prerequisites
from domain.catalog.topic import Objective
from domain.distribution import Floats
from domain.ids import canonical_id
from domain.peers.metric import OwnMean, PeerMetric
from domain.peers.strengths import ComparedObjective, RelativePerformance, relative_performance
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleasePolicy, ReleaseRules, Thresholds
from domain.privacy.release import Contributors, build
from server.demo.generate import DemoData, generate
from server.demo.ids import ids
from server.demo.rows import Rows, epoch_seconds

UNTIL = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
EXACT = ReleaseRules(policy=ReleasePolicy.EXACT)
PRIVATE = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=b"k" * 32)
SIZES_AND_SEEDS = [(200, 1), (200, 3), (780, 1), (780, 2), (2000, 5)]

COLUMNS = {
    "cohorts": "id name",
    "learners": "id display_name joined_at shares_data active cohort_id cohort_excluded time_zone diagnostic_score "
    "target_band final_band",
    "topics": "id name parent_id exam_weight",
    "topic_links": "topic_id kind other_topic_id strength",
    "objectives": "id name topic_id",
    "exam_results": "learner_id taken_at score passed",
    "user_figures": "learner_id organisation_id industry company_size region metric period value",
    "validation_responses": "event_id learner_id occurred_at objective_id score reasoning_score calibration_delta "
    "mastery_verified",
    "study_sessions": "event_id learner_id session_id started_at ended_at paused_for pauses interruptions",
    "material_interactions": "event_id learner_id occurred_at material_id topic_id session_id kind duration completion",
    "question_attempts": "event_id learner_id occurred_at question_id topic_id session_id difficulty mode correct "
    "attempt_number time_to_answer confidence",
    "task_completions": "event_id learner_id occurred_at skill practice_minutes",
    "study_events": "event_id learner_id occurred_at name session_id properties",
}
EVENTS = ("study_sessions", "material_interactions", "question_attempts", "task_completions", "study_events")


@cache
def demo(learners: int = 780, seed: int = 1) -> DemoData:
    return generate(learners=learners, seed=seed, until=UNTIL)


def rows(file: str, data: DemoData | None = None) -> list[dict[str, str]]:
    return list((data or demo()).files[file])


def column(file: str, name: str, data: DemoData | None = None) -> list[str]:
    return [row[name] for row in rows(file, data)]


def digest(data: DemoData) -> str:
    content = [(file, list(found.columns.items())) for file, found in data.files.items()]
    return hashlib.sha256(repr((content, data.example)).encode()).hexdigest()


def eligible(data: DemoData) -> set[str]:
    return {row["id"] for row in rows("learners", data) if row["shares_data"] == row["active"] == "true"}


class Mean(NamedTuple):
    learner_id: str
    points: float
    responses: int


def points(row: dict[str, str], metric: PeerMetric) -> float | None:
    """What one response says, in points, by the formulas of decisions: worked out here from the cells."""
    match metric:
        case PeerMetric.COMPREHENSION:
            return 100 * float(row["score"])
        case PeerMetric.REASONING:
            return float(row["reasoning_score"]) if row["reasoning_score"] else None
        case PeerMetric.CALIBRATION:
            return 100 - abs(float(row["calibration_delta"])) if row["calibration_delta"] else None
        case PeerMetric.MASTERY:
            return 100.0 if row["mastery_verified"] == "true" else 0.0


@cache
def means(learners: int = 780, seed: int = 1) -> dict[tuple[str, PeerMetric], list[Mean]]:
    """The means of everybody, sharing or not, by objective and metric."""
    found: dict[tuple[str, PeerMetric], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows("validation_responses", demo(learners, seed)):
        for metric in PeerMetric:
            value = points(row, metric)
            if value is not None:
                found[row["objective_id"], metric][row["learner_id"]].append(value)
    return {
        cell: [Mean(learner_id, sum(values) / len(values), len(values)) for learner_id, values in by_learner.items()]
        for cell, by_learner in found.items()
    }


def contributors(objective_id: str, metric: PeerMetric, learners: int = 780, seed: int = 1) -> list[Mean]:
    counted = eligible(demo(learners, seed))
    return [
        one for one in means(learners, seed)[objective_id, metric] if one.responses >= 3 and one.learner_id in counted
    ]


def peers(objective_name: str, metric: PeerMetric = PeerMetric.COMPREHENSION) -> Floats:
    (objective_id,) = (row["id"] for row in rows("objectives") if objective_name in row["name"])
    return np.array([one.points for one in contributors(objective_id, metric)])


def test_the_same_arguments_give_the_same_data() -> None:
    assert digest(generate(seed=3, until=UNTIL)) == digest(generate(seed=3, until=UNTIL))


def test_the_data_are_the_same_on_every_machine_and_version() -> None:
    """A change to the demo changes this digest, and is then to be entered here; nothing else may."""
    assert digest(demo()) == "64f66cacdda7cc22be58e362f90722bab3f5cb7c976278f467f19d9090f0e313"


def test_the_same_instant_in_another_offset_gives_the_same_data() -> None:
    elsewhere = UNTIL.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert digest(generate(learners=200, until=elsewhere)) == digest(demo(200))


def test_another_argument_gives_other_data() -> None:
    later = generate(learners=200, until=UNTIL + timedelta(days=1))
    assert len({digest(demo(200)), digest(demo(200, 3)), digest(demo(780)), digest(later)}) == 4


def test_the_curriculum_keeps_its_ids_whatever_the_seed() -> None:
    for file in ("topics", "topic_links", "objectives"):
        assert rows(file, demo(780, 1)) == rows(file, demo(200, 3))


@pytest.mark.parametrize(
    ("file", "key"),
    [("cohorts", "id"), ("learners", "id"), *((file, "event_id") for file in ("validation_responses", *EVENTS))],
)
def test_demos_of_other_arguments_share_no_people_and_no_events(file: str, key: str) -> None:
    some, others, more = (set(column(file, key, data)) for data in (demo(780, 1), demo(780, 2), demo(200, 1)))
    assert not some & others
    assert not some & more


def test_ids_are_a_list_that_only_grows() -> None:
    assert ids("learners", 3) == ids("learners", 5)[:3]
    assert ids("learners", 1) != ids("cohorts", 1)
    # RFC 9562: version 8, variant 10.
    assert all(re.fullmatch(r".{8}-.{4}-8.{3}-[89ab].{3}-.{12}", id_) for id_ in ids("learners", 100))


@pytest.mark.parametrize(("file", "columns"), COLUMNS.items(), ids=COLUMNS)
def test_files_have_the_columns_of_the_import_and_text_in_every_cell(file: str, columns: str) -> None:
    found = rows(file)
    assert found
    assert all(list(row) == columns.split() and all(type(cell) is str for cell in row.values()) for row in found)


def test_files_come_in_an_order_in_which_nothing_refers_to_what_is_still_to_come() -> None:
    assert list(demo().files) == list(COLUMNS)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("cohorts", "id"),
        ("learners", "id"),
        ("topics", "id"),
        ("objectives", "id"),
        ("validation_responses", "event_id"),
        *((file, "event_id") for file in EVENTS),
        ("study_sessions", "session_id"),
    ],
)
def test_ids_are_canonical_and_unique(file: str, key: str) -> None:
    found = column(file, key)
    assert len(set(found)) == len(found)
    assert all(canonical_id(id_) == id_ for id_ in found)


@pytest.mark.parametrize(
    ("file", "reference", "target", "optional"),
    [
        ("learners", "cohort_id", "cohorts", True),
        ("topic_links", "topic_id", "topics", False),
        ("topic_links", "other_topic_id", "topics", False),
        ("objectives", "topic_id", "topics", False),
        ("validation_responses", "learner_id", "learners", False),
        ("validation_responses", "objective_id", "objectives", False),
        ("exam_results", "learner_id", "learners", False),
        *((file, "learner_id", "learners", False) for file in EVENTS),
        ("question_attempts", "topic_id", "topics", False),
        ("material_interactions", "topic_id", "topics", False),
    ],
)
def test_references_lead_somewhere(file: str, reference: str, target: str, optional: bool) -> None:
    referred = set(column(file, reference))
    assert ("" in referred) is optional
    assert referred - {""} <= set(column(target, "id"))


def test_topics_are_a_tree_of_two_levels_with_parents_first() -> None:
    roots: set[str] = set()
    for row in rows("topics"):
        if row["parent_id"]:
            assert row["parent_id"] in roots
        else:
            roots.add(row["id"])
    assert 5 <= len(roots) <= 9
    assert set(column("topics", "parent_id")) == roots | {""}


def links(kind: str) -> Iterator[tuple[str, str]]:
    return ((row["topic_id"], row["other_topic_id"]) for row in rows("topic_links") if row["kind"] == kind)


def test_prerequisites_have_no_circle_and_are_taught_before_what_builds_on_them() -> None:
    place = {id_: number for number, id_ in enumerate(column("topics", "id"))}
    order = Prerequisites([])
    assert all(order.add(topic_id, prerequisite_id) for topic_id, prerequisite_id in links("prerequisite"))
    assert all(place[other] < place[topic] for topic, other in links("prerequisite"))


def test_links_are_prerequisites_or_relations_of_two_topics_each_once() -> None:
    assert set(column("topic_links", "kind")) == {"prerequisite", "related"}
    pairs = [frozenset(link) for kind in ("prerequisite", "related") for link in links(kind)]
    assert len(pairs) == len(set(pairs))
    assert all(len(pair) == 2 for pair in pairs)


def test_weights_and_strengths_are_on_their_scales() -> None:
    assert all(0 <= float(weight) <= 10 for weight in column("topics", "exam_weight"))
    assert all(0 < float(strength) <= 1 for strength in column("topic_links", "strength"))


def test_names_are_there_and_no_curriculum_name_twice() -> None:
    for file in ("cohorts", "topics", "objectives"):
        names = column(file, "name")
        assert all(names)
        assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\S+ \S+", name) for name in column("learners", "display_name"))


def test_there_are_as_many_learners_as_asked_for() -> None:
    assert [len(demo(learners).files["learners"]) for learners in (200, 780)] == [200, 780]


def test_a_few_cohorts_are_larger_than_the_threshold_and_most_are_smaller() -> None:
    sizes = Counter(column("learners", "cohort_id"))
    del sizes[""]
    assert len(sizes) == len(rows("cohorts")) == 18
    assert sorted(sizes.values(), reverse=True)[:3] == [96, 78, pytest.approx(75, abs=1)]
    assert sizes[demo().example.cohort_id] == 96
    assert sizes[demo().example.small_cohort_id] == pytest.approx(24, abs=1)


def test_most_learners_share_few_are_inactive_and_few_are_left_out_of_their_cohort() -> None:
    for name, value, count in [("shares_data", "true", 663), ("active", "false", 31), ("cohort_excluded", "true", 16)]:
        assert column("learners", name).count(value) == pytest.approx(count, abs=1)


def test_time_zones_exist_and_are_many() -> None:
    zones = set(column("learners", "time_zone"))
    assert len(zones) >= 12
    assert all(ZoneInfo(zone).key == zone for zone in zones)


def test_bands_are_half_bands_and_the_final_one_is_known_of_old_hands_alone() -> None:
    assert set(column("learners", "target_band")) == {"7.0", "7.5", "8.0"}
    finals = [row for row in rows("learners") if row["final_band"]]
    assert 400 < len(finals) < 600
    assert {row["final_band"] for row in finals} <= {f"{half / 2:.1f}" for half in range(10, 19)}
    assert max(row["joined_at"] for row in finals) < (UNTIL - timedelta(days=150)).isoformat()


def test_diagnostic_scores_foretell_final_bands() -> None:
    both = [row for row in rows("learners") if row["diagnostic_score"] and row["final_band"]]
    diagnostic, final = (np.array([float(row[name]) for row in both]) for name in ("diagnostic_score", "final_band"))
    assert 4.0 <= diagnostic.min() <= diagnostic.max() <= 7.5
    assert np.corrcoef(diagnostic, final)[0, 1] > 0.5
    assert 0 < column("learners", "diagnostic_score").count("") < 47


@pytest.mark.parametrize(("learners", "seed"), SIZES_AND_SEEDS)
def test_learners_joined_within_eighteen_months_and_responded_after_that_in_the_past(learners: int, seed: int) -> None:
    data = demo(learners, seed)
    joined = {row["id"]: datetime.fromisoformat(row["joined_at"]) for row in rows("learners", data)}
    assert UNTIL - timedelta(days=550) < min(joined.values())
    assert max(joined.values()) < UNTIL
    responded = [
        (datetime.fromisoformat(row["occurred_at"]), joined[row["learner_id"]])
        for row in rows("validation_responses", data)
    ]
    assert all(at >= since for at, since in responded)
    assert responded == sorted(responded, key=lambda pair: pair[0])
    assert UNTIL - timedelta(days=700) < responded[0][0]
    assert UNTIL - timedelta(days=7) < responded[-1][0] <= UNTIL


def test_learners_study_at_waking_hours_of_their_own_day() -> None:
    zones = {row["id"]: ZoneInfo(row["time_zone"]) for row in rows("learners")}
    hours = Counter(
        datetime.fromisoformat(row["occurred_at"]).astimezone(zones[row["learner_id"]]).hour
        for row in rows("validation_responses")
    )
    assert set(hours) <= set(range(7, 24))
    assert hours[20] > hours[13]


def test_inactive_learners_stopped_long_ago() -> None:
    joined = {
        row["id"]: datetime.fromisoformat(row["joined_at"]) for row in rows("learners") if row["active"] == "false"
    }
    last = {row["learner_id"]: datetime.fromisoformat(row["occurred_at"]) for row in rows("validation_responses")}
    assert all(last[id_] - since <= (UNTIL - since) / 2 for id_, since in joined.items() if id_ in last)


def test_there_are_some_forty_thousand_responses() -> None:
    assert 35_000 < len(demo().files["validation_responses"]) < 45_000


def test_a_learner_has_at_most_eight_responses_in_an_objective_and_mostly_three_or_more() -> None:
    counts = Counter((row["learner_id"], row["objective_id"]) for row in rows("validation_responses"))
    below = sum(count < 3 for count in counts.values()) / len(counts)
    assert max(counts.values()) == 8
    assert 0.02 < below < 0.16
    # Many pairs have no response at all: who came late has not got far.
    assert len(counts) < 0.9 * 480 * 24  # without the alumni


def test_values_are_on_their_scales_and_confidence_is_too() -> None:
    for row in rows("validation_responses"):
        score = round(100 * float(row["score"]))
        assert re.fullmatch(r"[01]\.\d\d?", row["score"])
        assert 0 <= score <= 100
        assert row["mastery_verified"] in ("true", "false")
        assert not row["reasoning_score"] or 0 <= int(row["reasoning_score"]) <= 100
        assert not row["calibration_delta"] or 0 <= score + int(row["calibration_delta"]) <= 100


def test_reasoning_and_calibration_are_sometimes_missing() -> None:
    for name in ("reasoning_score", "calibration_delta"):
        assert 0.03 < column("validation_responses", name).count("") / len(rows("validation_responses")) < 0.15


def test_reasoning_goes_with_comprehension() -> None:
    both = [(float(row["score"]), float(row["reasoning_score"])) for row in _responses_with("reasoning_score")]
    assert 0.8 < np.corrcoef(np.array(both).T)[0, 1] < 0.99


def test_novices_are_over_confident_and_experts_under_confident() -> None:
    both = np.array(
        [(float(row["score"]), float(row["calibration_delta"])) for row in _responses_with("calibration_delta")]
    )
    assert both[both[:, 0] < 0.3, 1].mean() > 10
    assert both[both[:, 0] > 0.9, 1].mean() < -5


def test_mastery_is_verified_the_more_often_the_higher_the_score() -> None:
    found = [(float(row["score"]), row["mastery_verified"] == "true") for row in rows("validation_responses")]
    bands = [(0.0, 0.5), (0.51, 0.65), (0.66, 0.8), (0.81, 0.9), (0.91, 1.0)]
    shares = [float(np.mean([ok for score, ok in found if low <= score <= high])) for low, high in bands]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1


@pytest.mark.parametrize(
    "until",
    [
        UNTIL,
        # The learner had met the busiest objective often enough, but not yet with reasoning, or with confidence.
        datetime(2026, 11, 21, 17, 15, tzinfo=UTC),
        datetime(2026, 11, 21, 20, 44, 50, tzinfo=UTC),
    ],
    ids=str,
)
def test_the_example_learner_has_every_metric_at_the_example_objective(until: datetime) -> None:
    data = generate(until=until)
    own = [
        row
        for row in rows("validation_responses", data)
        if (row["learner_id"], row["objective_id"]) == (data.example.learner_id, data.example.objective_id)
    ]
    assert sum(row["reasoning_score"] != "" for row in own) >= 3
    assert sum(row["calibration_delta"] != "" for row in own) >= 3


def test_learners_learn_from_one_response_to_the_next() -> None:
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows("validation_responses"):
        scores[row["learner_id"], row["objective_id"]].append(float(row["score"]))
    gains = [100 * (found[-1] - found[0]) for found in scores.values() if len(found) >= 3]
    assert 5 < np.mean(gains) < 15


def _responses_with(name: str) -> list[dict[str, str]]:
    return [row for row in rows("validation_responses") if row[name]]


@pytest.mark.parametrize("objective", ["second messenger", "chest pain", "filtration rate", "malabsorption"])
def test_easy_objectives_have_a_tail_of_low_means(objective: str) -> None:
    assert stats.skew(peers(objective)) < -0.7


@pytest.mark.parametrize("objective", ["predictive values", "serum sodium", "Localise a lesion"])
def test_hard_objectives_have_a_tail_of_high_means(objective: str) -> None:
    assert stats.skew(peers(objective)) > 0.6


@pytest.mark.parametrize("objective", ["half-life", "ECG"])
def test_objectives_with_a_lab_have_two_humps_and_a_valley(objective: str) -> None:
    found = peers(objective)
    low, valley, high = (np.mean((found >= first) & (found < last)) for first, last in [(0, 50), (52, 66), (66, 101)])
    assert low > 0.3
    assert high > 0.45
    assert valley < 0.1


def test_the_same_learners_missed_both_labs() -> None:
    by_lab = [
        {
            one.learner_id: one.points < 58
            for one in means()[objective_id, PeerMetric.COMPREHENSION]
            if one.responses >= 3
        }
        for objective_id in (
            row["id"] for row in rows("objectives") if "half-life" in row["name"] or "ECG" in row["name"]
        )
    ]
    both = by_lab[0].keys() & by_lab[1].keys()
    assert sum(by_lab[0][id_] == by_lab[1][id_] for id_ in both) > 0.9 * len(both)


@pytest.mark.parametrize("objective", ["spirometry", "thyroid"])
def test_objectives_with_a_ceiling_have_most_means_just_below_it(objective: str) -> None:
    found = peers(objective)
    assert np.mean(found >= 95) > 0.5
    assert np.mean(found < 70) > 0


def test_the_objective_with_a_floor_has_most_means_just_above_it() -> None:
    found = peers("alveolar gas")
    assert np.mean(found <= 10) > 0.6
    assert found.max() > 30


@pytest.mark.parametrize("objective", ["resting membrane", "pressure-volume", "insulin", "thrombolysis"])
def test_ordinary_objectives_have_one_hump_in_the_middle(objective: str) -> None:
    found = peers(objective)
    assert abs(stats.skew(found)) < 0.4
    assert np.mean(abs(found - found.mean()) < found.std()) == pytest.approx(0.66, abs=0.06)


@pytest.mark.parametrize("objective", ["hypersensitivity", "acid-base"])
def test_uniform_objectives_have_neither_hump_nor_tail(objective: str) -> None:
    found = peers(objective)
    assert abs(stats.skew(found)) < 0.2
    assert stats.kurtosis(found) == pytest.approx(-1.2, abs=0.15)  # a uniform distribution's


def test_learners_differ_in_what_they_are_good_at() -> None:
    """Means of two ordinary objectives go together, and more so within a system of the body than across."""
    found = {
        name: {one.learner_id: one.points for one in means()[objective_id, PeerMetric.COMPREHENSION]}
        for name, objective_id in ((row["name"], row["id"]) for row in rows("objectives"))
    }

    def correlation(one: str, other: str) -> float:
        first, second = (next(found[name] for name in found if part in name) for part in (one, other))
        both = sorted(first.keys() & second.keys())
        return float(stats.spearmanr([first[id_] for id_ in both], [second[id_] for id_ in both]).statistic)

    across = correlation("pressure-volume", "insulin")
    within = correlation("pressure-volume", "heart failure")
    assert 0.1 < across < within < 0.9


@pytest.mark.parametrize(("learners", "seed"), SIZES_AND_SEEDS)
def test_scarce_objectives_have_exactly_their_contributors_and_all_others_are_released(
    learners: int, seed: int
) -> None:
    data = demo(learners, seed)
    example = data.example
    sizes = {cell: len(contributors(*cell, learners, seed)) for cell in means(learners, seed)}
    assert len(sizes) == 24 * 4
    for metric in (PeerMetric.COMPREHENSION, PeerMetric.MASTERY):  # the two that every response has
        assert sizes.pop((example.scarce_objective_id, metric)) == 49
        assert sizes.pop((example.new_objective_id, metric)) == 6
    for metric in (PeerMetric.REASONING, PeerMetric.CALIBRATION):
        assert sizes.pop((example.scarce_objective_id, metric)) < 50
        assert sizes.pop((example.new_objective_id, metric)) < 50
    assert sizes.pop((example.unreasoned_objective_id, PeerMetric.REASONING)) == 24
    assert min(sizes.values()) >= 50


def test_the_scarce_objective_would_be_released_if_consent_did_not_count() -> None:
    found = means()[demo().example.scarce_objective_id, PeerMetric.COMPREHENSION]
    assert sum(one.responses >= 3 for one in found) > 50
    assert sum(one.responses < 3 for one in found) > 0


def test_the_new_objective_has_no_response_before_its_day_of_introduction() -> None:
    found = [
        datetime.fromisoformat(row["occurred_at"])
        for row in rows("validation_responses")
        if row["objective_id"] == demo().example.new_objective_id
    ]
    assert min(found) > UNTIL - timedelta(days=21 + 1)  # in learners' own days, of which one may have begun before


@pytest.mark.parametrize(("learners", "seed"), SIZES_AND_SEEDS)
@pytest.mark.parametrize("rules", [EXACT, PRIVATE], ids=["exact", "private"])
@pytest.mark.parametrize("who", ["learner_id", "other_learner_id", "private_learner_id"])
def test_example_learners_have_strengths_and_weaknesses(
    who: str, rules: ReleaseRules, learners: int, seed: int
) -> None:
    found = _relative_performance(getattr(demo(learners, seed).example, who), rules, learners, seed)
    assert isinstance(found, RelativePerformance)
    # Of few learners, few show both by chance; and noise is larger among few.
    expected = 2 if learners >= 780 else 1
    assert len(found.strengths) >= expected
    assert len(found.weaknesses) >= expected


def test_example_learners_are_who_they_are_said_to_be() -> None:
    example = demo().example
    by_id = {row["id"]: row for row in rows("learners")}
    responses = Counter(column("validation_responses", "learner_id"))
    for id_ in (example.learner_id, example.other_learner_id):
        assert id_ in eligible(demo())
        assert by_id[id_]["cohort_id"] == example.cohort_id
        assert responses[id_] > 60
    assert example.learner_id != example.other_learner_id
    assert by_id[example.private_learner_id]["shares_data"] == "false"
    assert by_id[example.private_learner_id]["active"] == "true"
    assert responses[example.private_learner_id] > 60
    assert example.newcomer_id in eligible(demo())
    assert responses[example.newcomer_id] == 0


def test_the_example_cohort_is_larger_than_the_threshold() -> None:
    assert column("learners", "cohort_id").count(demo().example.cohort_id) > 50


def test_the_example_learner_counts_in_the_example_objective_in_every_metric() -> None:
    example = demo().example
    for metric in PeerMetric:
        assert example.learner_id in {one.learner_id for one in contributors(example.objective_id, metric)}


def _relative_performance(learner_id: str, rules: ReleaseRules, learners: int, seed: int) -> object:
    metric = PeerMetric.COMPREHENSION
    compared = []
    for row in rows("objectives", demo(learners, seed)):
        crowd = contributors(row["id"], metric, learners, seed)
        own = next((one for one in means(learners, seed)[row["id"], metric] if one.learner_id == learner_id), None)
        release = build(
            Cell.objective(row["id"], metric),
            Contributors.of([one.learner_id for one in crowd], [one.points for one in crowd]),
            rules,
            UNTIL,
        )
        compared.append(
            ComparedObjective(
                objective=Objective(id=row["id"], name=row["name"], topic_id=None),
                own=OwnMean(metric=metric, mean=own.points, responses=own.responses) if own else None,
                release=release,
            )
        )
    contributes = learner_id in eligible(demo(learners, seed))
    return relative_performance(metric, compared, Thresholds(), contributes=contributes)


class Attempt(NamedTuple):
    session_id: str
    learner_id: str
    hour: int  # of the learner's own day
    days_since: float | None  # of the same question; None for a first attempt
    number: int
    correct: bool


@cache
def practised() -> list[Attempt]:
    zones = {row["id"]: ZoneInfo(row["time_zone"]) for row in rows("learners")}
    last: dict[tuple[str, str], datetime] = {}
    found = []
    for row in rows("question_attempts"):
        at = datetime.fromisoformat(row["occurred_at"])
        before = last.get((row["learner_id"], row["question_id"]))
        last[row["learner_id"], row["question_id"]] = at
        days_since = None if before is None else (at - before) / timedelta(days=1)
        hour = at.astimezone(zones[row["learner_id"]]).hour
        number, correct = int(row["attempt_number"]), row["correct"] == "true"
        found.append(Attempt(row["session_id"], row["learner_id"], hour, days_since, number, correct))
    return found


def accuracy(attempts: Iterable[Attempt]) -> float:
    return float(np.mean([attempt.correct for attempt in attempts]))


@pytest.mark.parametrize("seed", [1, 2])
def test_there_are_enough_events_to_see_something_and_few_enough_to_load_at_once(seed: int) -> None:
    sizes = {file: len(demo(780, seed).files[file]) for file in EVENTS}
    assert all(size > 1_000 for size in sizes.values())
    assert 50_000 < sizes["question_attempts"] < 80_000
    assert sum(sizes.values()) < 110_000


@pytest.mark.parametrize(("learners", "seed"), SIZES_AND_SEEDS)
def test_study_comes_after_joining_and_in_the_last_120_days_but_for_alumni(learners: int, seed: int) -> None:
    data = demo(learners, seed)
    joined = {row["id"]: datetime.fromisoformat(row["joined_at"]) for row in rows("learners", data)}
    long_ago = {row["id"] for row in rows("cohorts", data) if row["name"].startswith("Language bridge")}
    alumni = {row["id"] for row in rows("learners", data) if row["cohort_id"] in long_ago}
    for file in EVENTS:
        times = {"study_sessions": ("started_at", "ended_at")}.get(file, ("occurred_at",))
        for row in rows(file, data):
            for time in times:
                assert joined[row["learner_id"]] < datetime.fromisoformat(row[time]) <= UNTIL
                assert row["learner_id"] in alumni or datetime.fromisoformat(row[time]) > UNTIL - timedelta(days=122)


def test_events_of_a_session_lie_in_it_and_are_its_learners() -> None:
    sessions = {row["session_id"]: row for row in rows("study_sessions")}
    for file in ("material_interactions", "question_attempts", "study_events"):
        for row in rows(file):
            session = sessions[row["session_id"]]
            assert row["learner_id"] == session["learner_id"]
            assert session["started_at"] <= row["occurred_at"] <= session["ended_at"]


def test_pauses_are_shorter_than_their_session_and_counted_where_there_are_any() -> None:
    for row in rows("study_sessions"):
        lasted = datetime.fromisoformat(row["ended_at"]) - datetime.fromisoformat(row["started_at"])
        assert timedelta(seconds=int(row["paused_for"])) < lasted < timedelta(hours=6)
        assert (int(row["paused_for"]) > 0) is (int(row["pauses"]) > 0)
    assert {"0", "1", "2"} <= set(column("study_sessions", "interruptions"))


def test_attempts_are_numbered_by_learner_and_question_in_their_order() -> None:
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows("question_attempts"):
        numbers[row["learner_id"], row["question_id"]].append(int(row["attempt_number"]))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_a_question_belongs_to_one_topic_and_has_one_difficulty() -> None:
    about: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows("question_attempts"):
        about[row["question_id"]].add((row["topic_id"], row["difficulty"]))
    assert {len(found) for found in about.values()} == {1}
    assert len(about) == 24 * len(set(column("question_attempts", "topic_id")))


def test_hard_questions_are_answered_worse_than_easy_ones() -> None:
    shares = [
        np.mean([row["correct"] == "true" for row in rows("question_attempts") if row["difficulty"] == difficulty])
        for difficulty in ("EASY", "MEDIUM", "HARD")
    ]
    assert shares[0] > shares[1] + 0.05 > shares[2] + 0.1


def test_learners_learn_from_one_attempt_to_the_next_and_forget_in_between() -> None:
    first, second, later = (
        accuracy(one for one in practised() if low <= one.number < high) for low, high in [(1, 2), (2, 3), (4, 99)]
    )
    assert first + 0.03 < second < later - 0.03
    again = [(one.days_since, one) for one in practised() if one.number == 2 and one.days_since is not None]
    assert accuracy(one for days, one in again if days < 3) > accuracy(one for days, one in again if days > 21) + 0.05


def test_interruptions_go_with_worse_answers() -> None:
    calm = {row["session_id"]: row["interruptions"] == "0" for row in rows("study_sessions")}
    assert accuracy(one for one in practised() if calm[one.session_id]) > 0.03 + accuracy(
        one for one in practised() if not calm[one.session_id]
    )


def test_example_learners_study_most_days_and_answer_better_in_the_evening() -> None:
    for who in (demo().example.learner_id, demo().example.other_learner_id, demo().example.private_learner_id):
        own = [one for one in practised() if one.learner_id == who]
        assert len({one.session_id for one in own}) > 60
        assert len(own) > 1_000
        afternoon, evening = ([one for one in own if low <= one.hour < low + 3] for low in (12, 19))
        assert min(len({one.session_id for one in some}) for some in (afternoon, evening)) >= 20
        assert accuracy(evening) > accuracy(afternoon)
    assert demo().example.newcomer_id not in {one.learner_id for one in practised()}


def test_exam_results_have_both_outcomes_follow_the_accuracy_before_and_are_many() -> None:
    assert len(rows("exam_results")) >= 150
    passed = column("exam_results", "passed")
    assert min(passed.count("true"), passed.count("false")) >= 60
    assert all((row["passed"] == "true") is (float(row["score"]) >= 60) for row in rows("exam_results"))
    assert all(datetime.fromisoformat(row["taken_at"]) < UNTIL for row in rows("exam_results"))
    answers: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for row in rows("question_attempts"):
        answers[row["learner_id"]].append((row["occurred_at"], row["correct"] == "true"))
    before = [
        np.mean([correct for at, correct in answers[row["learner_id"]] if at < row["taken_at"]])
        for row in rows("exam_results")
    ]
    assert 0.5 < np.corrcoef(before, [float(score) for score in column("exam_results", "score")])[0, 1] < 0.95


def test_example_learners_have_the_exam_before_them() -> None:
    example = demo().example
    sat = set(column("exam_results", "learner_id"))
    assert not sat & {example.learner_id, example.other_learner_id, example.private_learner_id}


def test_too_few_learners_are_refused() -> None:
    with pytest.raises(ValueError, match="199 learners would have nothing to release; take 200 or more"):
        generate(learners=199, until=UNTIL)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        generate(seed=-1, until=UNTIL)


def test_an_until_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="has no offset from UTC"):
        generate(until=UNTIL.replace(tzinfo=None))


def test_seconds_are_whole_and_rounded_down() -> None:
    assert epoch_seconds(datetime(1970, 1, 2, 0, 0, 1, 999_999, tzinfo=UTC)) == 86_401


def test_rows_can_be_read_again_and_counted() -> None:
    found = Rows({"id": ["a", "b"], "name": ["A", ""]})
    assert len(found) == 2
    assert list(found) == list(found) == [{"id": "a", "name": "A"}, {"id": "b", "name": ""}]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="the columns differ in length"):
        Rows({"id": ["a", "b"], "name": ["A"]})
