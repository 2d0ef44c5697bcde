"""A learner's standing among its peers."""

import pytest

from domain.peers.metric import OwnMean, PeerMetric
from domain.peers.standing import PeerStanding, StandingCategory, categorise, stand
from domain.privacy.cell import Cell
from domain.privacy.figures import distribution
from domain.privacy.policy import ReleasePolicy, ReleaseRules
from domain.privacy.release import build
from domain.unavailable import Reason, Unavailable
from tests.privacy.crowds import CELL, EXACT, MONDAY, OBJECTIVE, crowd, drawn, private_rules, released

NINE = [40.0, 50, 60, 70, 80, 85, 90, 95, 100]
PRIVATE = private_rules()
EDGES = (0.0, 25.0, 50.0, 75.0, 100.0)
SHARES = (0.0, 0.1, 0.3, 0.9, 1.0)


def own(mean: float, *, metric: PeerMetric = PeerMetric.COMPREHENSION, responses: int = 3) -> OwnMean:
    return OwnMean(metric=metric, mean=mean, responses=responses)


def standing(answer: PeerStanding | Unavailable) -> PeerStanding:
    assert isinstance(answer, PeerStanding)
    return answer


def reason(answer: PeerStanding | Unavailable) -> Reason:
    assert isinstance(answer, Unavailable)
    return answer.reason


def test_a_standing_holds_score_rank_margin_category_and_distribution() -> None:
    release = drawn(EDGES, SHARES)
    assert stand(own(60), release, PRIVATE, True) == PeerStanding(
        objective_id=OBJECTIVE,
        metric=PeerMetric.COMPREHENSION,
        score=60,
        percentile_rank=54,
        rank_margin=13,
        category=StandingCategory.TYPICAL,
        distribution=distribution(release),
    )


def test_a_standing_of_the_specified_example() -> None:
    found = standing(stand(own(75), released(NINE * 6, EXACT), EXACT, False))
    assert found.percentile_rank == pytest.approx(44.44444444444444, abs=1e-12)
    assert (found.rank_margin, found.category) == (0, StandingCategory.TYPICAL)


def test_a_score_is_not_rounded() -> None:
    assert standing(stand(own(200 / 3), drawn(EDGES, SHARES), PRIVATE, True)).score == 200 / 3


def test_a_learner_at_the_bottom_is_below_the_fifth_percentile() -> None:
    found = standing(stand(own(1), released([float(point) for point in range(1, 101)], EXACT), EXACT, True))
    assert found.percentile_rank < 5
    assert found.category is StandingCategory.WEAKNESS


def test_a_learner_at_the_top_is_above_the_ninety_fifth_percentile() -> None:
    found = standing(stand(own(100), released([float(point) for point in range(1, 101)], EXACT), EXACT, True))
    assert found.percentile_rank > 95
    assert found.category is StandingCategory.STRENGTH


def test_mastery_is_ranked_at_the_end_of_its_bar() -> None:
    release = drawn(EDGES, SHARES, cell=Cell.objective(OBJECTIVE, "MASTERY"))
    assert standing(stand(own(60, metric=PeerMetric.MASTERY), release, PRIVATE, True)).percentile_rank == 90


@pytest.mark.parametrize("rules", [PRIVATE, EXACT])
@pytest.mark.parametrize("peers", [0, 1, 49])
def test_too_few_peers_are_one_answer_however_few_they_are(rules: ReleaseRules, peers: int) -> None:
    answer = stand(own(60), build(CELL, crowd([70.0] * peers), rules, MONDAY), rules, False)
    assert answer == Unavailable.because(Reason.TOO_FEW_PEERS)


def test_a_learner_without_responses_has_too_few() -> None:
    assert reason(stand(None, drawn(EDGES, SHARES), PRIVATE, True)) is Reason.TOO_FEW_RESPONSES


@pytest.mark.parametrize(("responses", "answered"), [(1, False), (2, False), (3, True)])
def test_a_standing_needs_three_own_responses(responses: int, answered: bool) -> None:
    answer = stand(own(60, responses=responses), drawn(EDGES, SHARES), PRIVATE, True)
    assert isinstance(answer, PeerStanding) is answered


def test_a_standing_needs_as_many_own_responses_as_the_deployment_asks_for() -> None:
    rules = ReleaseRules(policy=ReleasePolicy.EXACT, minimum_responses=5)
    answer = stand(own(60, responses=4), released([70.0] * 60, EXACT), rules, False)
    assert reason(answer) is Reason.TOO_FEW_RESPONSES


def test_too_few_peers_go_before_too_few_responses() -> None:
    assert reason(stand(None, None, PRIVATE, True)) is Reason.TOO_FEW_PEERS


@pytest.mark.parametrize(
    ("contributors", "contributes", "answered"), [(50, False, True), (50, True, False), (51, True, True)]
)
def test_an_exact_standing_needs_fifty_others(contributors: int, contributes: bool, answered: bool) -> None:
    answer = stand(own(70), released([70.0] * contributors, EXACT), EXACT, contributes)
    assert isinstance(answer, PeerStanding) is answered
    assert answered or reason(answer) is Reason.TOO_FEW_PEERS


def test_a_private_standing_is_the_same_for_the_fiftieth_learner_and_a_stranger() -> None:
    release = released([float(point) for point in range(50)], PRIVATE)
    assert stand(own(30), release, PRIVATE, True) == stand(own(30), release, PRIVATE, False)


@pytest.mark.parametrize(
    ("rank", "category"),
    [
        (0, StandingCategory.WEAKNESS),
        (25, StandingCategory.WEAKNESS),
        (25.1, StandingCategory.TYPICAL),
        (74.9, StandingCategory.TYPICAL),
        (75, StandingCategory.STRENGTH),
        (100, StandingCategory.STRENGTH),
    ],
)
def test_categories_include_their_bounds(rank: float, category: StandingCategory) -> None:
    assert categorise(rank) is category


def test_a_release_of_another_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="a mean in MASTERY has no rank"):
        stand(own(60, metric=PeerMetric.MASTERY), drawn(EDGES, SHARES), PRIVATE, True)
