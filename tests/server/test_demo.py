"""The demo data: the same for the same arguments, sound as an import, and shaped so that every answer can be seen."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
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
SIZES_AND_SEEDS = [(120, 1), (120, 7), (480, 1), (480, 2), (1500, 5)]

COLUMNS = {
    "cohorts": "id name",
    "learners": "id display_name joined_at shares_data active cohort_id cohort_excluded time_zone diagnostic_score "
    "target_band final_band",
    "topics": "id name parent_id exam_weight",
    "topic_links": "topic_id kind other_topic_id strength",
    "objectives": "id name topic_id",
    "validation_responses": "event_id learner_id occurred_at objective_id score reasoning_score calibration_delta "
    "mastery_verified",
}


@cache
def demo(learners: int = 480, seed: int = 1) -> DemoData:
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
def means(learners: int = 480, seed: int = 1) -> dict[tuple[str, PeerMetric], list[Mean]]:
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


def contributors(objective_id: str, metric: PeerMetric, learners: int = 480, seed: int = 1) -> list[Mean]:
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
    assert digest(demo()) == "a47f8f66726948eda408ca8709f93f226a9af6ddbda7aebf3de3fd29af2db06f"


def test_the_same_instant_in_another_offset_gives_the_same_data() -> None:
    elsewhere = UNTIL.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert digest(generate(learners=120, until=elsewhere)) == digest(demo(120))


def test_another_argument_gives_other_data() -> None:
    later = generate(learners=120, until=UNTIL + timedelta(days=1))
    assert len({digest(demo(120)), digest(demo(120, 7)), digest(demo(480)), digest(later)}) == 4


def test_the_curriculum_keeps_its_ids_whatever_the_seed() -> None:
    for file in ("topics", "topic_links", "objectives"):
        assert rows(file, demo(480, 1)) == rows(file, demo(120, 7))


@pytest.mark.parametrize(("file", "key"), [("cohorts", "id"), ("learners", "id"), ("validation_responses", "event_id")])
def test_demos_of_other_arguments_share_no_people_and_no_events(file: str, key: str) -> None:
    some, others, more = (set(column(file, key, data)) for data in (demo(480, 1), demo(480, 2), demo(120, 1)))
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
    assert [len(demo(learners).files["learners"]) for learners in (120, 480)] == [120, 480]


def test_a_few_cohorts_are_larger_than_the_threshold_and_most_are_smaller() -> None:
    sizes = Counter(column("learners", "cohort_id"))
    del sizes[""]
    assert len(sizes) == len(rows("cohorts")) == 14
    assert sorted(sizes.values(), reverse=True)[:4] == [96, 78, pytest.approx(64, abs=1), pytest.approx(35, abs=1)]


def test_most_learners_share_few_are_inactive_and_few_are_left_out_of_their_cohort() -> None:
    for name, value, count in [("shares_data", "true", 408), ("active", "false", 19), ("cohort_excluded", "true", 10)]:
        assert column("learners", name).count(value) == pytest.approx(count, abs=1)


def test_time_zones_exist_and_are_many() -> None:
    zones = set(column("learners", "time_zone"))
    assert len(zones) >= 12
    assert all(ZoneInfo(zone).key == zone for zone in zones)


def test_bands_are_half_bands_and_the_final_one_is_known_of_old_hands_alone() -> None:
    assert set(column("learners", "target_band")) == {"7.0", "7.5", "8.0"}
    finals = [row for row in rows("learners") if row["final_band"]]
    assert 100 < len(finals) < 300
    assert {row["final_band"] for row in finals} <= {f"{half / 2:.1f}" for half in range(10, 19)}
    assert max(row["joined_at"] for row in finals) < (UNTIL - timedelta(days=299)).isoformat()


def test_diagnostic_scores_foretell_final_bands() -> None:
    both = [row for row in rows("learners") if row["diagnostic_score"] and row["final_band"]]
    diagnostic, final = (np.array([float(row[name]) for row in both]) for name in ("diagnostic_score", "final_band"))
    assert 4.0 <= diagnostic.min() <= diagnostic.max() <= 7.5
    assert np.corrcoef(diagnostic, final)[0, 1] > 0.5
    assert 0 < column("learners", "diagnostic_score").count("") < 48


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


def test_there_are_some_fifty_thousand_responses() -> None:
    assert 40_000 < len(demo().files["validation_responses"]) < 60_000


def test_a_learner_has_at_most_eight_responses_in_an_objective_and_mostly_three_or_more() -> None:
    counts = Counter((row["learner_id"], row["objective_id"]) for row in rows("validation_responses"))
    below = sum(count < 3 for count in counts.values()) / len(counts)
    assert max(counts.values()) == 8
    assert 0.02 < below < 0.12
    # Many pairs have no response at all: who came late has not got far.
    assert len(counts) < 0.9 * 480 * 24


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
    assert len(found.strengths) >= 2
    assert len(found.weaknesses) >= 2


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


def test_too_few_learners_are_refused() -> None:
    with pytest.raises(ValueError, match="119 learners would have nothing to release; take 120 or more"):
        generate(learners=119, until=UNTIL)


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
