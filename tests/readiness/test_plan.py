"""Exam plans, against learners who answer by chance, against other plans, and by hand."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.distribution import Floats
from domain.readiness.plan import ExamPlan, ExamTopic, Pace, Work, WorkKind, exam_plan
from domain.reviews.fsrs import FIRST_STABILITY_RIGHT, FIRST_STABILITY_WRONG, Ints, next_memory, retrievability

PACE = Pace(minutes_per_review=1.0, minutes_per_new=2.0, first_accuracy=0.5)


def studied(
    weight: float = 1.0, *, stability: Sequence[float] = (10.0,), elapsed: Sequence[int] | None = None, new: int = 0
) -> ExamTopic:
    size = len(stability)
    return ExamTopic(
        exam_weight=weight,
        stability=np.array(stability, dtype=np.float64),
        difficulty=np.full(size, 5.0),
        elapsed_days=np.full(size, 10) if elapsed is None else np.array(elapsed, dtype=np.int64),
        new_questions=new,
    )


def unseen(weight: float = 1.0, *, questions: int = 1, after: tuple[int, ...] = ()) -> ExamTopic:
    return replace(studied(weight, stability=(), new=questions), prerequisites=after)


def recalled(days: int, stability: float) -> float:
    return float(retrievability(np.array([days]), np.array([stability]))[0])


def minutes(plan: ExamPlan) -> list[float]:
    return [sum(work.minutes for work in works) for works in plan.days]


def places(topics: Sequence[ExamTopic], plan: ExamPlan) -> list[Ints]:
    """The cards of each day, numbered through all topics."""
    starts = np.cumsum([0, *(topic.size for topic in topics)])
    return [
        np.array([starts[work.topic] + card for work in works for card in work.cards], dtype=np.int64)
        for works in plan.days
    ]


class Learners:
    """Many learners alike, who answer by chance as FSRS has it: what plans come to without any approximation."""

    def __init__(self, topics: Sequence[ExamTopic], pace: Pace, learners: int, seed: int = 1) -> None:
        self.pace = pace
        self.rng = np.random.default_rng(seed)
        blank = [np.full(topic.new_questions, np.nan) for topic in topics]
        shape = (learners, 1)
        self.stability = np.tile(
            np.concatenate([p for t, b in zip(topics, blank, strict=True) for p in (t.stability, b)]), shape
        )
        self.difficulty = np.tile(
            np.concatenate([p for t, b in zip(topics, blank, strict=True) for p in (t.difficulty, b)]), shape
        )
        self.last = -np.concatenate([p for t in topics for p in (t.elapsed_days, np.zeros(t.new_questions, np.int64))])
        weights = np.array([topic.exam_weight for topic in topics])
        sizes = np.array([topic.size for topic in topics])
        self.weight = np.repeat(weights / weights.sum() / sizes, sizes)

    def cost(self) -> Floats:
        return np.where(np.isnan(self.stability[0]), self.pace.minutes_per_new, self.pace.minutes_per_review)

    def answer(self, cards: Ints, day: int) -> None:
        stability, difficulty = self.stability[:, cards], self.difficulty[:, cards]
        elapsed = np.broadcast_to(day - self.last[cards], stability.shape)
        likely = np.where(np.isnan(stability), self.pace.first_accuracy, retrievability(elapsed, stability))
        correct = self.rng.random(stability.shape) < likely
        self.stability[:, cards], self.difficulty[:, cards] = next_memory(stability, difficulty, elapsed, correct)
        self.last[cards] = day

    def recall(self, day: int) -> float:
        found = np.nan_to_num(retrievability(day - self.last, self.stability))
        return float(found.mean(axis=0) @ self.weight)


def followed(topics: Sequence[ExamTopic], plan: ExamPlan, pace: Pace, learners: int = 100) -> float:
    """Mean recall on the exam day of learners who do what the plan says."""
    some = Learners(topics, pace, learners)
    for day, cards in enumerate(places(topics, plan)):
        some.answer(cards, day)
    return some.recall(len(plan.days))


def by_due_date(topics: Sequence[ExamTopic], days: int, budget: float, pace: Pace, learners: int = 100) -> float:
    """Mean recall of learners who review what is due, most overdue first, then begin new questions, then go on."""
    some = Learners(topics, pace, learners)
    for day in range(days):
        # A card is due after as many days as its stability, at a retention of 0.9.
        due = np.nan_to_num(some.last + np.median(some.stability, axis=0), nan=day)
        order = np.argsort(due, kind="stable")
        some.answer(order[np.cumsum(some.cost()[order]) <= budget], day)
    return some.recall(days)


def round_robin(topics: Sequence[ExamTopic], days: int, budget: float, pace: Pace, learners: int = 100) -> float:
    """Mean recall of learners who take all questions in turn."""
    some = Learners(topics, pace, learners)
    size, place = some.last.size, 0
    for day in range(days):
        order = (place + np.arange(size)) % size
        cards = order[np.cumsum(some.cost()[order]) <= budget]
        some.answer(cards, day)
        place = (place + cards.size) % size
    return some.recall(days)


def drawn(rng: np.random.Generator, topics: int, cards: int, unseen_share: float) -> list[ExamTopic]:
    """A learner whose topics were partly studied."""
    found = []
    for place in range(topics):
        if rng.random() < unseen_share:
            before = tuple(rng.integers(0, place, 1).tolist()) if place and rng.random() < 0.5 else ()
            found.append(unseen(float(rng.uniform(1, 10)), questions=cards, after=before))
        else:
            stability = np.exp(rng.normal(2, 1, cards))
            one = studied(float(rng.uniform(1, 10)), stability=stability.tolist())
            elapsed = np.floor(stability * rng.gamma(1.5, 0.8, cards)).astype(np.int64)
            found.append(replace(one, difficulty=rng.uniform(2, 9, cards), elapsed_days=elapsed))
    return found


def test_recall_without_study_is_that_of_the_exam_day() -> None:
    plan = exam_plan([studied(3, stability=(10, 20)), unseen(1)], days=20, minutes_per_day=0)
    # Ten days gone by and twenty to come.
    first = (recalled(30, 10) + recalled(30, 20)) / 2
    assert plan.recall_by_topic == plan.recall_by_topic_without == pytest.approx((first, 0))
    assert plan.recall == plan.recall_without == pytest.approx(0.75 * first)
    assert plan.days == ((),) * 20


def test_an_exam_today_leaves_nothing_to_plan() -> None:
    plan = exam_plan([studied()], days=0, minutes_per_day=60)
    assert plan.days == ()
    assert plan.recall == pytest.approx(0.9)
    assert plan.reachable


def test_one_review_is_expected_to_be_right_as_often_as_it_is_recalled() -> None:
    plan = exam_plan([studied()], days=1, minutes_per_day=1, pace=PACE)
    assert plan.days == ((Work(topic=0, kind=WorkKind.REVIEW, questions=1, minutes=1, cards=(0,)),),)
    ten = np.array([10.0])
    (right,), _ = next_memory(ten, np.array([5.0]), ten, np.array([True]))
    (wrong,), _ = next_memory(ten, np.array([5.0]), ten, np.array([False]))
    assert plan.recall == pytest.approx(0.9 * recalled(1, right) + 0.1 * recalled(1, wrong))


def test_a_new_question_is_expected_to_be_right_as_often_as_first_answers_are() -> None:
    plan = exam_plan([unseen()], days=1, minutes_per_day=2, pace=replace(PACE, first_accuracy=0.25))
    assert plan.days == ((Work(topic=0, kind=WorkKind.NEW, questions=1, minutes=2, cards=(0,)),),)
    expected = 0.25 * recalled(1, FIRST_STABILITY_RIGHT) + 0.75 * recalled(1, FIRST_STABILITY_WRONG)
    assert plan.recall == pytest.approx(expected)


def test_a_day_too_short_for_a_question_is_empty() -> None:
    plan = exam_plan([studied(), unseen()], days=2, minutes_per_day=0.9, pace=PACE)
    assert minutes(plan) == [0, 0]


def test_what_is_left_of_a_day_goes_to_what_is_short_enough() -> None:
    # The new question gains most, the review still fits beside it; a second new one does not.
    plan = exam_plan([unseen(5, questions=2), studied(1)], days=1, minutes_per_day=3, pace=PACE)
    [works] = plan.days
    assert [(work.topic, work.kind, work.questions) for work in works] == [
        (0, WorkKind.NEW, 1),
        (1, WorkKind.REVIEW, 1),
    ]


def test_the_heavier_topic_goes_first() -> None:
    plan = exam_plan([studied(1), studied(9)], days=1, minutes_per_day=1, pace=PACE)
    assert [work.topic for work in plan.days[0]] == [1]


def test_topics_without_weights_count_alike() -> None:
    plan = exam_plan([studied(0, stability=(40.0,)), studied(0, stability=(2.0,))], days=5, minutes_per_day=0)
    assert plan.recall == pytest.approx((recalled(15, 40) + recalled(15, 2)) / 2)


def test_the_last_day_reviews_what_a_single_review_is_for() -> None:
    plan = exam_plan([studied()], days=3, minutes_per_day=1, pace=PACE)
    assert [work.kind for work in plan.days[2]] == [WorkKind.REVIEW]


def test_a_topic_waits_until_its_prerequisites_have_no_new_question_left() -> None:
    topics = [unseen(0, questions=3), unseen(10, questions=2, after=(0,)), unseen(1, questions=1)]
    plan = exam_plan(topics, days=6, minutes_per_day=2, pace=PACE)
    new = [(day, work.topic) for day, works in enumerate(plan.days) for work in works if work.kind is WorkKind.NEW]
    before = max(day for day, topic in new if topic == 0)
    assert sum(topic == 0 for _, topic in new) == 3
    assert before < min(day for day, topic in new if topic == 1)


def test_a_prerequisite_and_its_topic_may_share_a_day() -> None:
    plan = exam_plan([unseen(1), unseen(1, after=(0,)), unseen(1, after=(1,))], days=1, minutes_per_day=6, pace=PACE)
    assert [work.topic for work in plan.days[0]] == [0, 1, 2]


def test_a_prerequisite_that_was_studied_holds_nothing_back() -> None:
    topics = [studied(0, new=50), unseen(1, after=(0,))]
    plan = exam_plan(topics, days=1, minutes_per_day=2, pace=PACE)
    assert [(work.topic, work.kind) for work in plan.days[0]] == [(1, WorkKind.NEW)]


def test_a_topic_that_was_studied_waits_for_nothing() -> None:
    topics = [unseen(0, questions=50), replace(studied(1, new=1), prerequisites=(0,))]
    plan = exam_plan(topics, days=1, minutes_per_day=3, pace=PACE)
    assert [(work.topic, work.kind) for work in plan.days[0]] == [(1, WorkKind.REVIEW), (1, WorkKind.NEW)]


def test_new_questions_of_a_topic_are_numbered_after_those_answered() -> None:
    plan = exam_plan([studied(), studied(1, stability=(5, 6), new=2)], days=1, minutes_per_day=9, pace=PACE)
    assert [(work.topic, work.cards) for work in plan.days[0]] == [(0, (0,)), (1, (0, 1)), (1, (2, 3))]


@pytest.mark.parametrize(("target", "reachable"), [(0.9, True), (0.999, False)])
def test_a_target_is_reachable_or_not(target: float, reachable: bool) -> None:
    plan = exam_plan([studied()], days=3, minutes_per_day=1, target=target, pace=PACE)
    assert (plan.target, plan.reachable) == (target, reachable)
    assert plan.reachable is (plan.recall >= target)


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_comes_near_the_best_of_all_plans(seed: int) -> None:
    """Two cards, one review a day for four days: all 81 plans are followed by learners who answer by chance."""
    rng = np.random.default_rng(seed)
    topics = [
        studied(float(rng.uniform(1, 5)), stability=(float(rng.uniform(0.5, 15)),), elapsed=(int(rng.integers(0, 20)),))
        for _ in range(2)
    ]
    best = 0.0
    for choice in product((None, 0, 1), repeat=4):
        some = Learners(topics, PACE, 1000)
        for day, card in enumerate(choice):
            if card is not None:
                some.answer(np.array([card]), day)
        best = max(best, some.recall(4))
    plan = exam_plan(topics, days=4, minutes_per_day=1, pace=PACE)
    assert followed(topics, plan, PACE, 1000) > best - 0.005


@pytest.mark.parametrize(("days", "budget"), [(5, 10), (7, 20), (14, 6), (20, 15), (30, 6)])
@pytest.mark.parametrize("unseen_share", [0.0, 0.4])
def test_a_plan_beats_due_dates_and_turns(days: int, budget: float, unseen_share: float) -> None:
    pace = Pace()
    topics = drawn(np.random.default_rng(days), 8, 12, unseen_share)
    plan = exam_plan(topics, days=days, minutes_per_day=budget, pace=pace)
    reached = followed(topics, plan, pace)
    assert reached > by_due_date(topics, days, budget, pace)
    assert reached > round_robin(topics, days, budget, pace)


def test_a_plan_is_no_worse_than_turns_where_minutes_abound() -> None:
    """All ways come to nearly the same, and what is left between them lies within the plan's approximation."""
    topics = drawn(np.random.default_rng(40), 8, 12, 0.4)
    plan = exam_plan(topics, days=40, minutes_per_day=30)
    assert followed(topics, plan, Pace()) > round_robin(topics, 40, 30, Pace()) - 0.001


@pytest.mark.parametrize(("days", "budget"), [(10, 10), (30, 6), (60, 10)])
def test_expected_recall_is_what_learners_come_to(days: int, budget: float) -> None:
    topics = drawn(np.random.default_rng(days), 8, 12, 0.4)
    plan = exam_plan(topics, days=days, minutes_per_day=budget)
    assert plan.recall == pytest.approx(followed(topics, plan, Pace(), 200), abs=0.008)


@st.composite
def exams(draw: st.DrawFn) -> tuple[list[ExamTopic], Pace, int]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    topics = drawn(rng, draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.sampled_from([0.0, 0.5, 1.0])))
    pace = Pace(
        minutes_per_review=draw(st.floats(0.2, 2)),
        minutes_per_new=draw(st.floats(0.2, 4)),
        first_accuracy=draw(st.floats(0, 1)),
    )
    return topics, pace, draw(st.integers(0, 10))


@settings(max_examples=40)
@given(exams(), st.floats(0, 20))
def test_a_plan_keeps_to_its_minutes_and_to_the_order_of_topics(
    exam: tuple[list[ExamTopic], Pace, int], budget: float
) -> None:
    topics, pace, days = exam
    plan = exam_plan(topics, days=days, minutes_per_day=budget, pace=pace)
    assert len(plan.days) == days
    assert max(minutes(plan), default=0) <= budget + 1e-6
    seen = [set(range(topic.stability.size)) for topic in topics]
    for works in plan.days:
        for work in works:
            cards = set(work.cards)
            assert len(cards) == work.questions > 0
            each = pace.minutes_per_new if work.kind is WorkKind.NEW else pace.minutes_per_review
            assert work.minutes == pytest.approx(each * work.questions)
            assert cards.isdisjoint(seen[work.topic]) if work.kind is WorkKind.NEW else cards <= seen[work.topic]
            if work.kind is WorkKind.NEW and topics[work.topic].stability.size == 0:
                for before in topics[work.topic].prerequisites:
                    assert topics[before].stability.size or len(seen[before]) == topics[before].size
            seen[work.topic] |= cards


@settings(max_examples=40)
@given(exams(), st.floats(0, 20))
def test_a_plan_is_never_worse_than_doing_nothing(exam: tuple[list[ExamTopic], Pace, int], budget: float) -> None:
    topics, pace, days = exam
    plan = exam_plan(topics, days=days, minutes_per_day=budget, pace=pace)
    assert 0 <= plan.recall_without <= plan.recall <= 1 + 1e-9
    weights = np.array([topic.exam_weight for topic in topics])
    assert plan.recall == pytest.approx(float(weights @ plan.recall_by_topic) / weights.sum())
    assert plan == exam_plan(topics, days=days, minutes_per_day=budget, pace=pace)


@settings(max_examples=40)
@given(exams(), st.lists(st.floats(0, 20), min_size=2, max_size=4))
def test_more_minutes_do_not_give_less(exam: tuple[list[ExamTopic], Pace, int], budgets: list[float]) -> None:
    """But for a point: the choice is greedy. Of 11,203 random pairs 27 came out wrong, the worst by 0.8 points."""
    topics, pace, days = exam
    reached = [exam_plan(topics, days=days, minutes_per_day=one, pace=pace).recall for one in sorted(budgets)]
    assert all(more > less - 0.01 for less, more in pairwise(reached))


@pytest.mark.parametrize(
    ("days", "budget", "target", "fault"),
    [(-1, 10, 0.9, "0 to 365 days"), (366, 10, 0.9, "0 to 365"), (5, -1, 0.9, "0 minutes"), (5, 10, 1.1, "target")],
)
def test_a_plan_of_nonsense_is_refused(days: int, budget: float, target: float, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        exam_plan([studied()], days=days, minutes_per_day=budget, target=target)


def test_an_exam_without_topics_is_refused() -> None:
    with pytest.raises(ValueError, match="an exam has topics"):
        exam_plan([], days=5, minutes_per_day=10)


@pytest.mark.parametrize("place", [-1, 1, 2])
def test_a_prerequisite_that_comes_later_is_refused(place: int) -> None:
    with pytest.raises(ValueError, match="comes before its topic"):
        exam_plan([studied(), unseen(after=(place,))], days=5, minutes_per_day=10)


def test_a_topic_of_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="a question at least"):
        unseen(questions=0)
    with pytest.raises(ValueError, match="equally long"):
        replace(studied(), difficulty=np.array([1.0, 2.0]))
    for wrong in (studied, unseen):
        with pytest.raises(ValueError, match="0 or more"):
            wrong(-1.0)
    with pytest.raises(ValueError, match="0 or more"):
        studied(elapsed=(-1,))


@pytest.mark.parametrize("change", [{"minutes_per_review": 0.0}, {"minutes_per_new": -1.0}, {"first_accuracy": 1.1}])
def test_a_pace_of_nonsense_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="takes time"):
        replace(PACE, **change)
