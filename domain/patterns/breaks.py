"""How well a learner answers, by how long it has gone without a break."""

from dataclasses import dataclass

import numpy as np

from domain.patterns.insight import Arm, Bools, Insight, Ints, Wording, told

# A gap without events of so many minutes is a break. Few questions take as long, and what a learner does meanwhile
# without an event, such as thinking, cannot be told from resting.
BREAK_MINUTES = 10

# Minutes: a bar reaches from its edge to below the next one, the last has no end.
EDGES = (0, 15, 30, 45, 60)
# Where the late answers begin that are compared with the earlier ones: the first of these with enough of both.
LATE_FROM = (60, 45, 30)

MICROSECONDS_A_MINUTE = 60_000_000

BREAKS = "BREAKS"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakBar:
    """Answers given from `from_` to below `to` minutes (None: no end) after the last break. accuracy: 0-1 or None."""

    from_: int
    to: int | None
    answers: int
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """The n events of one learner in a window, by rising time; every array has the shape (n,).

    at: microseconds since 1970 UTC. session: a number from 0 for each session, -1 for none. answered: whether the
    event is an attempt at a question; correct: of no account for others.
    A session that begins before its first event is given one there, with answered False.
    Raises ValueError for arrays of different lengths and for times that fall.
    """

    at: Ints
    session: Ints
    answered: Bools
    correct: Bools

    def __post_init__(self) -> None:
        if not self.at.shape == self.session.shape == self.answered.shape == self.correct.shape:
            raise ValueError("the arrays of events are equally long")
        if np.any(np.diff(self.at) < 0):
            raise ValueError("events come by rising time")


def by_minutes_since_break(events: Events) -> tuple[BreakBar, ...]:
    """The five bars, from just after a break on."""
    minutes, _ = _since_break(events)
    bars = []
    for low, high in zip(EDGES, (*EDGES[1:], None), strict=True):
        inside = events.answered & (minutes >= low) & (minutes < (np.inf if high is None else high))
        answers, correct = int(inside.sum()), int((inside & events.correct).sum())
        bars.append(BreakBar(from_=low, to=high, answers=answers, accuracy=correct / answers if answers else None))
    return tuple(bars)


def breaks_insight(events: Events) -> Insight | None:
    """Answers after an hour without a break against earlier ones.

    After 45 or 30 minutes where later answers come from fewer than 20 stretches without a break; which of them it is
    depends on how many answers there are, not on how good they were.
    """
    minutes, stretch = _since_break(events)
    for from_ in LATE_FROM:
        late = _arm(events, stretch, minutes >= from_)
        early = _arm(events, stretch, minutes < from_)
        if late.compares and early.compares:
            wording = Wording(
                did=f"had gone {from_} minutes or longer without a break",
                otherwise="before that",
                occasions="stretches of study",
            )
            return told(BREAKS, wording, late, early)
    return None


def _since_break(events: Events) -> tuple[Ints, Ints]:
    """Whole minutes since the last break or beginning of a session, and the number of the stretch, event by event."""
    if events.at.size == 0:
        return events.at, events.at
    begins = np.concatenate([[True], np.diff(events.at) >= BREAK_MINUTES * MICROSECONDS_A_MINUTE])
    sessions, first = np.unique(events.session, return_index=True)
    begins[first[sessions >= 0]] = True
    stretch = np.cumsum(begins) - 1
    minutes = (events.at - events.at[begins][stretch]) // MICROSECONDS_A_MINUTE
    return minutes, stretch


def _arm(events: Events, stretch: Ints, chosen: Bools) -> Arm:
    answered = events.answered & chosen
    answers = np.bincount(stretch[answered])
    correct = np.bincount(stretch[answered & events.correct], minlength=answers.size)
    return Arm.of(correct, answers)
