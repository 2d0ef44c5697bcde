"""pKnown: the probability that a learner knows a topic, by Bayesian knowledge tracing with forgetting."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from domain.mastery.score import Bools, Ints

KNOWN_FROM = 0.95

# Stands for no attempt yet, among instants in microseconds.
NEVER = int(np.iinfo(np.int64).min)

MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeParameters:
    """Parameters of one topic, probabilities.

    prior: the topic is known before the first attempt. learn: an attempt teaches it. guess: a right answer without
    knowing. slip: a wrong one in spite of it. forget: it is lost in a day without practice.
    Raises ValueError outside 0-1, for a forget of 1, and for a guess or slip of 0 or above 0.5: beyond that a right
    answer would speak against knowing, and at 0 one answer would settle the matter for ever.
    """

    prior: float = 0.3
    learn: float = 0.1
    guess: float = 0.2
    slip: float = 0.1
    # Measured: of the defaults that were tried on answers minutes to days apart (best 0.1) and on reviews weeks apart
    # (best 0.002), this one gives up least in log-loss on whichever it suits worse.
    forget: float = 0.01

    def __post_init__(self) -> None:
        _refuse_nonsense(*(np.array(value) for value in (self.prior, self.learn, self.guess, self.slip, self.forget)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersOfGroups:
    """As KnowledgeParameters, for many groups at once; every array has the shape (groups,)."""

    prior: Floats
    learn: Floats
    guess: Floats
    slip: Floats
    forget: Floats

    def __post_init__(self) -> None:
        _refuse_nonsense(self.prior, self.learn, self.guess, self.slip, self.forget)

    @classmethod
    def of(cls, parameters: Sequence[KnowledgeParameters], topic: Ints) -> Self:
        """The parameters of groups; topic: each group's place in *parameters*, shape (groups,)."""
        prior, learn, guess, slip, forget = (
            np.array([[one.prior, one.learn, one.guess, one.slip, one.forget] for one in parameters])
            .reshape(-1, 5)
            .T[:, topic]
        )
        return cls(prior=prior, learn=learn, guess=guess, slip=slip, forget=forget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of groups, a group being a (learner, topic) pair; both of shape (groups,).

    p: probability right after the last attempt, 0-1; without meaning where there was none.
    at: the last attempt, microseconds from any fixed start; NEVER for none.
    Raises ValueError for a group with an attempt and no probability.
    """

    p: Floats
    at: Ints

    def __post_init__(self) -> None:
        if np.any((self.at != NEVER) & ~((self.p >= 0) & (self.p <= 1))):
            raise ValueError("a group with an attempt has a probability between 0 and 1")

    @classmethod
    def nothing(cls, groups: int) -> Self:
        """The state before any attempt."""
        return cls(p=np.full(groups, np.nan), at=np.full(groups, NEVER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Attempts at topics in any order; every array has the shape (n,).

    group: which pair, 0 to groups - 1. at: microseconds. correct: whether the answer was right.
    tie: anything that sorts, to order attempts of one instant, such as the events' ids.
    """

    group: Ints
    at: Ints
    correct: Bools
    tie: NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Attempts arranged so that round r holds the r-th attempt of every group that has one.

    slots: groups, those with most attempts first, so that each round concerns the first few slots; shape (groups,).
    order: the attempts in order of rounds and slots, as places in the arrays handed in; shape (n,).
    bounds: where the rounds begin in order, and the end. slot, days, correct: of the attempts in that order;
    days: since the attempt before, 0 for a group's first.
    """

    slots: Ints
    order: Ints
    bounds: list[int]
    slot: Ints
    days: Floats
    correct: Bools


def trace(start: Known, attempts: Attempts, parameters: ParametersOfGroups) -> Known:
    """*start* after *attempts*, which are taken by (at, tie) whatever their order.

    Two calls, the second from the first one's result with later attempts, give what one call would.
    Raises ValueError for an attempt before its group's *start*: the caller has to begin earlier.
    """
    rounds = arrange(start, attempts)
    p, _ = walk(rounds, start, parameters)
    at = start.at.copy()
    np.maximum.at(at, attempts.group, attempts.at)
    return Known(p=p, at=at)


def predicted(start: Known, attempts: Attempts, parameters: ParametersOfGroups) -> Floats:
    """Probability of a right answer just before each of *attempts*, in their order, shape (n,); else as trace."""
    rounds = arrange(start, attempts)
    _, likelihood = walk(rounds, start, parameters)
    found = np.empty_like(likelihood)
    found[rounds.order] = np.where(rounds.correct, likelihood, 1 - likelihood)
    return found


def known_now(known: Known, at: int | Ints, parameters: ParametersOfGroups) -> Floats:
    """pKnown at the instant *at*, microseconds: less what time has taken; the prior where there was no attempt.

    An attempt that lies ahead of *at*, as hasty clocks report them, has lost nothing yet.
    """
    days = np.maximum(at - np.where(known.at == NEVER, at, known.at), 0) / MICROSECONDS_A_DAY
    return np.where(known.at == NEVER, parameters.prior, known.p * np.exp(np.log1p(-parameters.forget) * days))


def known(p_known: Floats) -> Bools:
    """Whether a topic counts as known: 0.95 or more."""
    return p_known >= KNOWN_FROM


def arrange(start: Known, attempts: Attempts) -> Rounds:
    """*attempts* in rounds; raises ValueError for one before its group's *start*."""
    groups = start.at.size
    # Right answers last, should even the ties tie: the result may not depend on the order handed in.
    by_time = np.lexsort((attempts.correct, attempts.tie, attempts.at, attempts.group))
    group, at = attempts.group[by_time], attempts.at[by_time]
    if np.any(at < start.at[group]):
        raise ValueError("an attempt lies before the state it is to be added to")
    counts = np.bincount(group, minlength=groups)
    turn = np.arange(group.size) - (np.cumsum(counts) - counts)[group]
    before = np.where(turn == 0, start.at[group], np.concatenate([at[:1], at[:-1]]))
    days = (at - np.where(before == NEVER, at, before)) / MICROSECONDS_A_DAY
    slots = np.argsort(-counts, kind="stable")
    slot_of = np.empty_like(slots)
    slot_of[slots] = np.arange(groups)
    slot = slot_of[group]
    by_round = np.lexsort((slot, turn))
    return Rounds(
        slots=slots,
        order=by_time[by_round],
        bounds=[0, *np.cumsum(np.bincount(turn)).tolist()],
        slot=slot[by_round],
        days=days[by_round],
        correct=attempts.correct[by_time][by_round],
    )


def walk(rounds: Rounds, start: Known, parameters: ParametersOfGroups) -> tuple[Floats, Floats]:
    """Each group's p after its last attempt, shape (groups,), and the likelihood of each answer given those before.

    The likelihoods have the order of the rounds, shape (n,).
    Source: Corbett and Anderson 1995; what is known fades by (1 - forget) a day before each attempt.
    """
    slots = rounds.slots
    p = np.where(start.at == NEVER, parameters.prior, start.p)[slots]
    learn = parameters.learn[slots]
    guess, slip = parameters.guess[slots][rounds.slot], parameters.slip[slots][rounds.slot]
    kept = np.exp(np.log1p(-parameters.forget[slots])[rounds.slot] * rounds.days)
    if_known = np.where(rounds.correct, 1 - slip, slip)
    if_not = np.where(rounds.correct, guess, 1 - guess)
    likelihood = np.empty(rounds.slot.size)
    for begin, end in pairwise(rounds.bounds):
        active = slice(0, end - begin)
        before = p[active] * kept[begin:end]
        joint = before * if_known[begin:end]
        total = joint + (1 - before) * if_not[begin:end]
        after = joint / total
        p[active] = after + (1 - after) * learn[active]
        likelihood[begin:end] = total
    found = np.empty_like(p)
    found[slots] = p
    return found, likelihood


def _refuse_nonsense(prior: Floats, learn: Floats, guess: Floats, slip: Floats, forget: Floats) -> None:
    shares = all(np.all((one >= 0) & (one <= 1)) for one in (prior, learn))
    errors = all(np.all((one > 0) & (one <= 0.5)) for one in (guess, slip))
    if not (shares and errors and np.all((forget >= 0) & (forget < 1))):
        raise ValueError("prior and learn lie in 0-1, guess and slip above 0 and up to 0.5, forget from 0 to below 1")
