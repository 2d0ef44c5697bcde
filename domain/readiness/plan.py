"""Which reviews and new topics each day until the exam should hold, so that most is remembered on the exam day.

Day by day those cards are chosen whose review, or first question, adds most to the weighted recall on the exam day for
each minute it takes. Recall is FSRS-6's; what an answer not yet given does to a card is worked out in expectation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.reviews.fsrs import DECAY, FACTOR, Bools, Ints, next_memory, retrievability

MOST_DAYS = 365
TARGET_RETENTION = 0.9
# How many questions a topic is taken to have whose number is not known.
ASSUMED_QUESTIONS = 10

# A review that adds less than this to the recall of its card is not worth planning.
LEAST_GAIN = 1e-9
ROUNDING = 1e-9

# What questions would add is worked out anew after a twentieth of the days that are left: every day in the last 19,
# more rarely before, when a day sooner or later changes little.
ANEW_AFTER = 20

# What a card may be remembered like is told apart by its last three answers when a plan's recall is worked out.
MEMORIES = 2**3


class WorkKind(StrEnum):
    """What is done with questions: answered again, or for the first time."""

    REVIEW = "REVIEW"
    NEW = "NEW"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExamTopic:
    """A topic as the learner knows it today.

    exam_weight: >= 0. stability (days), difficulty (1-10), elapsed_days (whole days since the last review, >= 0): of
    its questions answered so far, shapes (n,), n may be 0. new_questions: how many it has beside them.
    prerequisites: places of other topics in the sequence that this one stands in, all before its own. As long as one
    of those was never studied and has new questions left, no new question of this one is planned, unless it was
    studied itself already.
    Raises ValueError for a topic without a question, for arrays of different lengths and for anything below 0.
    """

    exam_weight: float
    stability: Floats
    difficulty: Floats
    elapsed_days: Ints
    new_questions: int
    prerequisites: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.stability.shape == self.difficulty.shape == self.elapsed_days.shape:
            raise ValueError("the arrays of a topic's cards are equally long")
        if self.size == 0:
            raise ValueError("a topic has a question at least")
        if not (self.exam_weight >= 0 and self.new_questions >= 0 and np.all(self.elapsed_days >= 0)):
            raise ValueError("weights, numbers of questions and days gone by are 0 or more")

    @property
    def size(self) -> int:
        """How many questions it has."""
        return self.stability.size + self.new_questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a question takes the learner, in minutes, above 0, and how likely its first answer is right, 0-1."""

    minutes_per_review: float = 0.5
    minutes_per_new: float = 1.0
    first_accuracy: float = 0.5

    def __post_init__(self) -> None:
        if not (self.minutes_per_review > 0 and self.minutes_per_new > 0 and 0 <= self.first_accuracy <= 1):
            raise ValueError("a question takes time, and the accuracy of first answers lies in 0-1")


USUAL_PACE = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Questions of one topic on one day.

    topic: its place. cards: which questions, by their places in the topic, those that were answered before today first.
    """

    topic: int
    kind: WorkKind
    questions: int
    minutes: float
    cards: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlan:
    """A plan and what it comes to; all recall is expected on the exam day, 0-1.

    days: the work of each day, today's first, by topic; empty for a day with none.
    recall: of the whole exam by exam weight, recall_by_topic: by place, as a mean over a topic's questions, of which
    those never seen count as 0. The figures with "without" are for doing nothing.
    reachable: whether recall comes to *target* with this plan.
    """

    days: tuple[tuple[Work, ...], ...]
    target: float
    reachable: bool
    recall: float
    recall_without: float
    recall_by_topic: tuple[float, ...]
    recall_by_topic_without: tuple[float, ...]


def exam_plan(
    topics: Sequence[ExamTopic],
    *,
    days: int,
    minutes_per_day: float,
    target: float = TARGET_RETENTION,
    pace: Pace = USUAL_PACE,
) -> ExamPlan:
    """The plan for an exam that is *days* days after today, with work from today to the day before it.

    topics: foundations first; where none has a weight, all count alike. minutes_per_day: never exceeded on any day,
    and not used up where more work adds nothing. The choice is greedy, not the best of all: now and then a few minutes
    more come to a little less, by fractions of a point. Raises ValueError for days beyond 0-365, minutes below 0, a
    target beyond 0-1, no topics, and a prerequisite that does not come before its topic.
    """
    if not (0 <= days <= MOST_DAYS and minutes_per_day >= 0 and 0 <= target <= 1):
        raise ValueError("a plan has 0 to 365 days, 0 minutes or more in each, and a target in 0-1")
    cards = _Cards.of(topics, pace)
    nothing = _Draft(days=[np.empty(0, dtype=np.int64)] * days, worth=cards.weight, value=0.0)
    # The first drafts do not know what their later days will hold; the second one takes it from the best of them.
    drafts = [_greedy(cards, worth, nothing.days, minutes_per_day) for worth in cards.worths]
    first = max(drafts, key=lambda draft: draft.value)
    second = _greedy(cards, first.worth, first.days, minutes_per_day)
    recalls = [_recall(cards, draft.days) for draft in (nothing, first, second)]
    chosen = max(range(3), key=lambda place: float(recalls[place] @ cards.weight))
    without, best = recalls[0], recalls[chosen]
    recall = float(best @ cards.weight)
    return ExamPlan(
        days=_works(cards, (nothing, first, second)[chosen].days),
        target=target,
        reachable=recall >= target,
        recall=recall,
        recall_without=float(without @ cards.weight),
        recall_by_topic=cards.by_topic(best),
        recall_by_topic_without=cards.by_topic(without),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cards:
    """All n questions, topic by topic; arrays of shape (n,). stability and difficulty are NaN for new ones.

    last: the day of the last review, today being 0. weight: what a question's recall counts for, sum 1.
    worths: by what weights to choose, one for each plan to try. sizes, gates: by topic its number of questions, and
    the places of the topics that must have no new question left before it may be begun.
    """

    topic: Ints
    stability: Floats
    difficulty: Floats
    last: Ints
    weight: Floats
    worths: tuple[Floats, ...]
    sizes: Ints
    gates: tuple[tuple[int, ...], ...]
    pace: Pace

    @classmethod
    def of(cls, topics: Sequence[ExamTopic], pace: Pace) -> "_Cards":
        if not topics:
            raise ValueError("an exam has topics")
        if any(not 0 <= before < place for place, topic in enumerate(topics) for before in topic.prerequisites):
            raise ValueError("a prerequisite comes before its topic")
        sizes = np.array([topic.size for topic in topics])
        weights = np.array([topic.exam_weight for topic in topics], dtype=np.float64)
        shares = weights / weights.sum() if weights.sum() > 0 else np.full(sizes.size, 1 / sizes.size)
        unseen = [topic.stability.size == 0 for topic in topics]
        gates = tuple(
            tuple(before for before in topic.prerequisites if unseen[before]) if unseen[place] else ()
            for place, topic in enumerate(topics)
        )
        own, unlocking = shares / sizes, _unlocking(shares, sizes, gates)
        place = np.repeat(np.arange(sizes.size), sizes)
        blank = [np.full(topic.new_questions, np.nan) for topic in topics]
        return cls(
            topic=place,
            stability=_joined([topic.stability for topic in topics], blank),
            difficulty=_joined([topic.difficulty for topic in topics], blank),
            last=-np.nan_to_num(_joined([topic.elapsed_days for topic in topics], blank)).astype(np.int64),
            weight=own[place],
            worths=(own[place],) if np.array_equal(own, unlocking) else (unlocking[place], own[place]),
            sizes=sizes,
            gates=gates,
            pace=pace,
        )

    def by_topic(self, recall: Floats) -> tuple[float, ...]:
        """Mean recall of each topic's questions."""
        return tuple((np.bincount(self.topic, recall) / self.sizes).tolist())


def _joined(known: Sequence[Floats | Ints], blank: Sequence[Floats]) -> Floats:
    """The questions answered so far and the new ones, topic by topic."""
    parts = [part for pair in zip(known, blank, strict=True) for part in pair]
    return np.concatenate(parts).astype(np.float64)


def _unlocking(shares: Floats, sizes: Ints, gates: Sequence[Sequence[int]]) -> Floats:
    """What a question of each topic is worth in itself, or as a step towards one that it holds back if that is more.

    Such a topic is worth its own share and those of all that hold it back, spread over the questions of all of them.
    """
    worth = shares / sizes
    before: list[set[int]] = []
    for place, gate in enumerate(gates):
        before.append(set(gate).union(*(before[one] for one in gate)))
        held = list(before[place])
        bundle = [place, *held]
        worth[held] = np.maximum(worth[held], shares[bundle].sum() / sizes[bundle].sum())
    return worth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Draft:
    """The cards of each day, by what worths they were chosen, and about what that comes to, to compare drafts by."""

    days: list[Ints]
    worth: Floats
    value: float


def _greedy(cards: _Cards, worth: Floats, earlier: list[Ints], minutes: float) -> _Draft:
    """Day by day the cards with the most gain a minute. earlier: the draft that says when each card comes next."""
    stability, difficulty, last = cards.stability.copy(), cards.difficulty.copy(), cards.last.copy()
    new = np.isnan(stability)
    waiting = np.bincount(cards.topic[new], minlength=cards.sizes.size)
    following = _following(earlier, last.size)
    value = np.zeros(last.size)
    days, anew_on = len(earlier), 0
    plan = []
    for day in range(days):
        cost = np.where(new, cards.pace.minutes_per_new, cards.pace.minutes_per_review)
        if day == anew_on:
            anew_on = day + 1 + (days - day) // ANEW_AFTER
            # A topic that others wait for cannot wait for its own next turn.
            again = np.where(new & (worth > cards.weight), 0, following[min(anew_on, days) - 1])
            gain = _gain(cards.pace, stability, difficulty, last, again, day, days)
            value = np.where(gain > LEAST_GAIN, gain * np.where(new, worth, cards.weight) / cost, 0.0)
        chosen = _of_one_day(cards, value, cost, new, waiting, minutes)
        stability[chosen], difficulty[chosen] = _expected(
            cards.pace, stability[chosen], difficulty[chosen], day - last[chosen], days - day
        )
        last[chosen], new[chosen], value[chosen] = day, False, 0.0
        plan.append(chosen)
    return _Draft(days=plan, worth=worth, value=float(_recalled(days - last, stability) @ cards.weight))


def _following(plan: Sequence[Ints], size: int) -> NDArray[np.int16]:
    """By day and card the next later day on which it comes in *plan*, 0 for none; shape (days, size)."""
    found = np.zeros((len(plan), size), dtype=np.int16)
    for day in range(len(plan) - 1, 0, -1):
        found[day - 1] = found[day]
        found[day - 1, plan[day]] = day
    return found


def _gain(
    pace: Pace, stability: Floats, difficulty: Floats, last: Ints, again: NDArray[np.int16], day: int, days: int
) -> Floats:
    """What answering each card on *day* adds to its recall on the exam day, all else being as planned.

    again: the next day on which it is answered in any case, 0 for none.
    """
    then, harder = _expected(pace, stability, difficulty, day - last, days - day)
    gain = _recalled(days - day, then) - _recalled(days - last, stability)
    due = np.flatnonzero(again)
    if due.size:
        on = again[due].astype(np.int64)
        with_, _ = _expected(pace, then[due], harder[due], on - day, days - on)
        without, _ = _expected(pace, stability[due], difficulty[due], on - last[due], days - on)
        gain[due] = _recalled(days - on, with_) - _recalled(days - on, without)
    return gain


def _of_one_day(cards: _Cards, value: Floats, cost: Floats, new: Bools, waiting: Ints, minutes: float) -> Ints:
    """The cards with the most value that *minutes* are enough for, a topic's first ones not before those of its gates.

    waiting: by topic how many new questions it has left; those chosen are taken off.
    """
    chosen: list[Ints] = []
    open_ = value > 0
    while True:
        shut = np.array([any(waiting[before] for before in gate) for gate in cards.gates])
        places = np.flatnonzero(open_ & ~(new & shut[cards.topic]))
        taken = _affordable(places[np.argsort(-value[places], kind="stable")], cost, minutes)
        chosen.append(taken)
        open_[taken] = False
        minutes -= float(cost[taken].sum())
        begun = cards.topic[taken[new[taken]]]
        waiting -= np.bincount(begun, minlength=waiting.size)
        # Only a topic without new questions left makes room for others.
        if not np.any(waiting[begun] == 0):
            return np.concatenate(chosen)


def _affordable(places: Ints, cost: Floats, minutes: float) -> Ints:
    """Of *places*, best first, as many as *minutes* last for; where one takes too long, those behind it that do not."""
    taken = [places[:0]]
    while (places := places[cost[places] <= minutes + ROUNDING]).size:
        fits = int(np.searchsorted(np.cumsum(cost[places]), minutes + ROUNDING, side="right"))
        taken.append(places[:fits])
        minutes -= float(cost[places[:fits]].sum())
        places = places[fits:]
    return np.concatenate(taken)


def _recalled(elapsed_days: Ints | int, stability: Floats) -> Floats:
    """Probability of recall; 0 for a new question."""
    return np.nan_to_num(retrievability(np.asarray(elapsed_days), stability))


def _expected(
    pace: Pace, stability: Floats, difficulty: Floats, elapsed_days: Ints, days_left: Ints | int
) -> tuple[Floats, Floats]:
    """Stability and difficulty after an answer that is right with the probability of recall; shapes (n,).

    The two memories that may follow are taken together as the one with the same expected recall on the exam day.
    """
    right, wrong, likely = _either(pace, stability, difficulty, elapsed_days)
    recall = likely * retrievability(np.asarray(days_left), right[0]) + (1 - likely) * retrievability(
        np.asarray(days_left), wrong[0]
    )
    return _stability(recall, days_left), likely * right[1] + (1 - likely) * wrong[1]


def _either(
    pace: Pace, stability: Floats, difficulty: Floats, elapsed_days: Ints
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Floats]:
    """Stability and difficulty after a right and after a wrong answer, and how likely the right one is."""
    one = np.ones(stability.shape, dtype=np.bool_)
    likely = np.where(np.isnan(stability), pace.first_accuracy, retrievability(elapsed_days, stability))
    return (
        next_memory(stability, difficulty, elapsed_days, one),
        next_memory(stability, difficulty, elapsed_days, ~one),
        likely,
    )


def _stability(recall: Floats, days: Ints | int) -> Floats:
    """The stability at which recall is *recall* (0-1, exclusive) after *days* days, at least 1."""
    result: Floats = FACTOR * days / np.expm1(np.log(recall) / DECAY)
    return result


def _recall(cards: _Cards, plan: Sequence[Ints]) -> Floats:
    """Expected recall of each card on the exam day, the day after the last one of *plan*; shape (n,).

    Each card has eight memories with their probabilities, one for every outcome of its last three answers. After an
    answer those that differ in an older one only are taken together as `_expected` does. With one memory a card recall
    came out up to 3 points too high, since what was forgotten once is likelier forgotten again; with eight up to half
    a point, measured against learners who answer by chance.
    """
    days = len(plan)
    stability = np.tile(cards.stability, (MEMORIES, 1))
    difficulty = np.tile(cards.difficulty, (MEMORIES, 1))
    share = np.zeros(stability.shape)
    share[0] = 1.0
    last = cards.last.copy()
    for day, chosen in enumerate(plan):
        if chosen.size == 0:
            continue
        shape = (MEMORIES, chosen.size)
        elapsed = np.broadcast_to(day - last[chosen], shape).ravel()
        before = share[:, chosen]
        right, wrong, likely = _either(cards.pace, stability[:, chosen].ravel(), difficulty[:, chosen].ravel(), elapsed)
        likely = likely.reshape(shape)
        for half, (after, harder), part in (
            (slice(0, MEMORIES // 2), right, before * likely),
            (slice(MEMORIES // 2, MEMORIES), wrong, before * (1 - likely)),
        ):
            pairs = part.reshape(MEMORIES // 2, 2, -1)
            total = pairs.sum(axis=1)
            mix = pairs / np.where(total > 0, total, 1.0)[:, np.newaxis]
            mix[:, 0] += total <= 0
            recall = retrievability(np.asarray(days - day), after.reshape(pairs.shape))
            stability[half, chosen] = _stability((mix * recall).sum(axis=1), days - day)
            difficulty[half, chosen] = (mix * harder.reshape(pairs.shape)).sum(axis=1)
            share[half, chosen] = total
        last[chosen] = day
    result: Floats = (share * _recalled(days - last, stability)).sum(axis=0)
    return result


def _works(cards: _Cards, plan: Sequence[Ints]) -> tuple[tuple[Work, ...], ...]:
    """What each day holds, by topic, new questions last."""
    new = np.isnan(cards.stability)
    starts = np.cumsum(cards.sizes) - cards.sizes
    days = []
    for chosen in plan:
        works = []
        groups: dict[tuple[int, bool], list[int]] = {}
        for topic, first, card in zip(
            cards.topic[chosen].tolist(),
            new[chosen].tolist(),
            (chosen - starts[cards.topic[chosen]]).tolist(),
            strict=True,
        ):
            groups.setdefault((topic, first), []).append(card)
        for (topic, first), members in sorted(groups.items()):
            minutes = cards.pace.minutes_per_new if first else cards.pace.minutes_per_review
            works.append(
                Work(
                    topic=topic,
                    kind=WorkKind.NEW if first else WorkKind.REVIEW,
                    questions=len(members),
                    minutes=len(members) * minutes,
                    cards=tuple(sorted(members)),
                )
            )
        new[chosen] = False
        days.append(tuple(works))
    return tuple(days)
