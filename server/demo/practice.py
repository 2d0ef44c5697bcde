"""What the demo's learners do day by day: sessions of questions and materials, learning, forgetting and tiring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats
from server.demo.people import DAY_SECONDS, HOUR_SECONDS, People
from server.demo.study import Counts, drawn

Flags = NDArray[np.bool_]

WINDOW_DAYS = 120
QUESTIONS_A_TOPIC = 24
KINDS = ("video", "article", "flashcards")  # of each topic one material of each kind

# Share of days with a session: of those whose whole history is there to be looked at, and of the others on average.
_DEVOTED, _AVERAGE_DILIGENCE = 0.92, 0.08
_WEEKEND = 0.6  # as many sessions as on other days
_FEWEST_QUESTIONS, _MOST_QUESTIONS, _MOST_OF_DEVOTED = 6, 20, 34
_REACH, _REACH_OF_DEVOTED = (0.45, 1.0), 0.85  # share of the curriculum that 120 days get somebody through
_OF_NEW_TOPIC = 0.6  # of a session's questions; the others go back to earlier topics
LONGEST_SESSION_HOURS = 6  # with the task after it, even where every question takes longest
_STEP = 7  # from a question to the next; shares no factor with their number, so that none comes twice

# How busy the hours of a learner's own day are, from 6 o'clock to 22, for larks and for owls.
_FIRST_HOUR = 6
_LARK_HOURS = (6, 9, 9, 8, 6, 4, 2, 2, 3, 3, 3, 3, 3, 2, 2, 1, 1)
_OWL_HOURS = (0, 1, 1, 2, 2, 2, 1, 2, 2, 3, 4, 5, 6, 9, 9, 8, 5)
# The devoted study after lunch or in the evening, so often that the two can be told apart.
_DEVOTED_HOURS = (0, 1, 0, 0, 0, 0, 0, 13, 2, 0, 0, 1, 0, 1, 17, 1, 0)
_LARK_BEST, _OWL_BEST = (7, 11), (18, 22)

# Effects in logits.
_AT_BEST_HOUR, _LATE = 0.8, -0.3
_INTERRUPTED, _TIRED, _TIRED_AFTER = -0.4, -0.5, 40 * 60
_EASIER = np.array((0.9, 0.0, -0.9))  # easy, medium and hard questions
_OF_KIND = np.array((0.25, 0.0, 0.55))
_LEARNT, _FORGOTTEN = 0.9, 0.35
_COMMON = 0.5
_HARD = 2  # of easy, medium and hard
_GUESS, _SLIP = 0.2, 0.03
_NO_MATERIAL = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """Sessions as columns, of each learner by rising time.

    learner, topic, review_topic: places. began, ended: seconds since 1970. paused: seconds. kind: of the material that
    it began with, -1 for none; read_for: seconds; completion: hundredths.
    """

    learner: Counts
    topic: Counts
    review_topic: Counts
    began: Counts
    ended: Counts
    paused: Counts
    pauses: Counts
    interruptions: Counts
    mode: Counts
    kind: Counts
    read_for: Counts
    completion: Counts

    def __len__(self) -> int:
        return self.learner.size


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Attempts at questions as columns, in the order of their sessions.

    session, topic: places. question: its number in the topic. occurred: seconds since 1970. number: from 1 within
    learner and question. seconds: to answer. confidence: hundredths, of those *rated*.
    """

    session: Counts
    topic: Counts
    question: Counts
    occurred: Counts
    number: Counts
    correct: Flags
    seconds: Counts
    confidence: Counts
    rated: Flags

    def __len__(self) -> int:
        return self.session.size


def practice(
    topics: int, learners: People, devoted: Sequence[int], stumbling: int, until: int, rng: np.random.Generator
) -> tuple[Sessions, Answers]:
    """The sessions of the last 120 days up to *until*, and what was answered in them.

    topics: how many there are, in order of teaching. devoted: places of the learners who study almost every day.
    stumbling: place of the topic whose hard questions are still beyond these.
    """
    is_devoted = np.isin(np.arange(len(learners)), devoted)
    lark = (rng.random(len(learners)) < 0.4) & ~is_devoted
    learner, day, began = _beginnings(learners, is_devoted, lark, until, rng)
    size = learner.size
    reach = np.where(is_devoted, _REACH_OF_DEVOTED, rng.uniform(*_REACH, len(learners)))
    topic = np.minimum((topics * reach[learner] * (day + 1) / WINDOW_DAYS).astype(np.int64), topics - 1)
    review_topic = (rng.random(size) * (topic + 1)).astype(np.int64)

    kind = np.where(rng.random(size) < 0.75, _kinds(learners, learner, rng), _NO_MATERIAL)
    read_for = np.where(kind == _NO_MATERIAL, 0, rng.integers(180, 720, size))
    completion = np.where(rng.random(size) < 0.6, 100, rng.integers(20, 95, size))
    interruptions = rng.poisson(0.5, size)
    pauses = (rng.random(size) < 0.35).astype(np.int64)
    paused = pauses * rng.integers(120, 1_200, size)

    most = np.where(is_devoted, _MOST_OF_DEVOTED, _MOST_QUESTIONS)[learner]
    asked = rng.integers(_FEWEST_QUESTIONS, most + 1)
    session = np.repeat(np.arange(size), asked)
    place = np.arange(session.size) - np.repeat(np.cumsum(asked) - asked, asked)
    seconds = np.clip(np.rint(25 + 30 * rng.standard_gamma(1.5, session.size)), 5, 400).astype(np.int64)
    # What has passed of the session when an answer is given: reading, answers so far, and the pause in its middle.
    spent = np.cumsum(seconds + 8)
    spent -= np.repeat(spent[np.cumsum(asked) - asked] - (seconds + 8)[np.cumsum(asked) - asked], asked)
    elapsed = read_for[session] + spent + paused[session] * (place >= asked[session] // 2)
    occurred = began[session] + elapsed
    ended = occurred[np.cumsum(asked) - 1] + rng.integers(5, 90, size)

    is_new = place < np.rint(_OF_NEW_TOPIC * asked)[session]
    of_topic = np.where(is_new, topic[session], review_topic[session])
    question = (rng.integers(0, QUESTIONS_A_TOPIC, size)[session] + place * _STEP) % QUESTIONS_A_TOPIC
    who = learner[session]
    number, days_since = _repeated(who * topics * QUESTIONS_A_TOPIC + of_topic * QUESTIONS_A_TOPIC + question, occurred)
    strengths = 0.95 * rng.standard_normal((len(learners), topics)) - 0.25 * rng.standard_normal(topics)
    hour = (occurred + learners.offset[who]) % DAY_SECONDS // HOUR_SECONDS
    best = np.where(lark[who], _within(hour, _LARK_BEST), _within(hour, _OWL_BEST))
    logits = (
        _COMMON
        + 0.75 * learners.ability[who]
        + strengths[who, of_topic]
        + _EASIER[question % len(_EASIER)]
        + _LEARNT * np.log1p(number - 1)
        - _FORGOTTEN * np.log1p(days_since) / number
        + _AT_BEST_HOUR * best
        + _LATE * (hour >= 22)
        + _INTERRUPTED * (interruptions[session] > 0)
        + _TIRED * (elapsed - paused[session] > _TIRED_AFTER)
        + np.where(is_new & (kind[session] != _NO_MATERIAL), _OF_KIND[kind[session]], 0.0)
    )
    chance = _GUESS + (1 - _GUESS - _SLIP) / (1 + np.exp(-logits))
    beyond = is_devoted[who] & (of_topic == stumbling) & (question % len(_EASIER) == _HARD)
    correct = (rng.random(session.size) < chance) & ~beyond
    felt = np.clip(np.rint(100 * (0.25 + 0.6 * chance + 0.12 * rng.standard_normal(session.size))), 0, 100)

    sessions = Sessions(
        learner=learner,
        topic=topic,
        review_topic=review_topic,
        began=began,
        ended=ended,
        paused=paused,
        pauses=pauses,
        interruptions=interruptions,
        mode=drawn((15, 3, 2), (size,), rng),
        kind=kind,
        read_for=read_for,
        completion=completion,
    )
    answers = Answers(
        session=session,
        topic=of_topic,
        question=question,
        occurred=occurred,
        number=number,
        correct=correct,
        seconds=seconds,
        confidence=felt.astype(np.int64),
        rated=rng.random(session.size) < 0.7,
    )
    return sessions, answers


def _beginnings(
    learners: People, devoted: Flags, lark: Flags, until: int, rng: np.random.Generator
) -> tuple[Counts, Counts, Counts]:
    """Learner, number of the day and second of each session that ended, however long it took, before *until*."""
    size = len(learners)
    # The able are somewhat more diligent.
    diligence = _AVERAGE_DILIGENCE * np.exp(0.3 * learners.ability + 0.6 * rng.standard_normal(size))
    share = np.where(devoted, _DEVOTED, np.where(learners.alumni, 0, np.minimum(diligence, 0.6)))
    day_joined, today = ((instant + learners.offset) // DAY_SECONDS for instant in (learners.joined, until))
    first_day = np.maximum(day_joined + 1, today - WINDOW_DAYS)
    own_day = first_day[:, None] + np.arange(WINDOW_DAYS + 1)
    share_of_day = share[:, None] * np.where((own_day + 3) % 7 >= 5, _WEEKEND, 1)  # 1970 began on a Thursday
    shape = (size, WINDOW_DAYS + 1)
    hour = np.where(lark[:, None], drawn(_LARK_HOURS, shape, rng), drawn(_OWL_HOURS, shape, rng))
    hour = np.where(devoted[:, None], drawn(_DEVOTED_HOURS, shape, rng), hour)
    began = own_day * DAY_SECONDS + (_FIRST_HOUR + hour) * HOUR_SECONDS + rng.integers(0, HOUR_SECONDS, shape)
    began -= learners.offset[:, None]
    last = learners.studied_until - LONGEST_SESSION_HOURS * HOUR_SECONDS
    took_place = (rng.random(shape) < share_of_day) & (began <= last[:, None])
    learner, day = np.nonzero(took_place)
    return learner, day, began[took_place]


def _kinds(learners: People, learner: Counts, rng: np.random.Generator) -> Counts:
    """A kind of material for each session: everybody has a favourite."""
    favourite = rng.integers(0, len(KINDS), len(learners))[learner]
    return np.where(rng.random(learner.size) < 0.5, favourite, rng.integers(0, len(KINDS), learner.size))


def _repeated(pair: Counts, occurred: Counts) -> tuple[Counts, Floats]:
    """For each attempt its number within *pair*, from 1, and the days since the one before; 0 days for a first."""
    order = np.lexsort((occurred, pair))
    again = np.append(False, pair[order][1:] == pair[order][:-1])
    place = np.arange(pair.size)
    number, days = np.empty(pair.size, dtype=np.int64), np.empty(pair.size)
    number[order] = place - np.maximum.accumulate(np.where(again, 0, place)) + 1
    days[order] = np.where(again, np.diff(occurred[order], prepend=0), 0) / DAY_SECONDS
    return number, days


def _within(hour: Counts, span: tuple[int, int]) -> Flags:
    return (hour >= span[0]) & (hour < span[1])
