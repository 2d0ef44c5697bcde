"""The practice tasks of the demo's learners: after sessions, and day by day where somebody prepares for a band."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.events.task import Skill
from server.demo.people import DAY_SECONDS, HOUR_SECONDS, People
from server.demo.practice import Sessions
from server.demo.study import Counts, drawn

COURSE_DAYS = 91  # own days of preparation, the first that of joining

_TASK_AFTER = 0.5  # share of sessions that a task follows
_SKILL_SHARES = (6, 5, 7, 6, 1)
_MOCK_TEST = list(Skill).index(Skill.MOCK_TEST)
_MINUTES, _MINUTES_OF_MOCK_TEST = (10, 46), (120, 171)

# Share of days with tasks, in logits: the able practise more, and so more of them reach the band they are after.
_USUAL, _PER_ABILITY, _OWN = 0.1, 0.8, 0.4
_WEEKEND = 0.85  # as many days with tasks as in the week
_TASKS_OF_TEN_DAYS = (6, 3, 1)  # one, two or three on a day with any
_AT_A_STRETCH = 6  # days up to the present on which those looked at practised without a gap
_LATE_HOURS = 2  # before midnight: who stopped then is through with the day
# At which hours of the own day tasks are finished, from 7 to 22 o'clock.
_FIRST_HOUR = 7
_HOURS = (3, 4, 3, 2, 2, 4, 3, 2, 2, 3, 4, 6, 8, 8, 6, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tasks:
    """Finished tasks as columns, of each learner by rising time.

    learner: places. finished: seconds since 1970. skill: place in `Skill`.
    """

    learner: Counts
    finished: Counts
    skill: Counts
    minutes: Counts

    def __len__(self) -> int:
        return self.learner.size


def tasks(learners: People, steady: Mapping[int, float], sessions: Sessions, rng: np.random.Generator) -> Tasks:
    """All tasks.

    steady: on which share of days these practise, by their places, and on each of the last six before they stopped.
    """
    (followed,) = np.nonzero(rng.random(len(sessions)) < _TASK_AFTER)
    minutes_after = rng.integers(*_MINUTES, followed.size)
    preparing, finished = _of_preparation(learners, steady, rng)
    learner = np.concatenate([sessions.learner[followed], preparing])
    skill = drawn(_SKILL_SHARES, (learner.size,), rng)
    skill[: followed.size][skill[: followed.size] == _MOCK_TEST] = 0  # nobody sits a whole test after a session
    is_mock_test = skill == _MOCK_TEST
    minutes = np.concatenate([minutes_after, rng.integers(*_MINUTES, preparing.size)])
    minutes[is_mock_test] = rng.integers(*_MINUTES_OF_MOCK_TEST, int(is_mock_test.sum()))
    finished = np.concatenate([sessions.ended[followed] + 60 * minutes_after, finished])
    happened = (finished - 60 * minutes > learners.joined[learner]) & (finished <= learners.studied_until[learner])
    order = np.lexsort((finished[happened], learner[happened]))
    return Tasks(
        learner=learner[happened][order],
        finished=finished[happened][order],
        skill=skill[happened][order],
        minutes=minutes[happened][order],
    )


def _of_preparation(learners: People, steady: Mapping[int, float], rng: np.random.Generator) -> tuple[Counts, Counts]:
    """Learner and end of each task of those who prepare or have prepared for a band."""
    (who,) = np.nonzero(learners.preparing | learners.alumni)
    logits = _USUAL + _PER_ABILITY * learners.ability[who] + _OWN * rng.standard_normal(who.size)
    share = 1 / (1 + np.exp(-logits))
    day_joined = (learners.joined + learners.offset)[who] // DAY_SECONDS
    for one, steadily in steady.items():
        share[who == one] = steadily
    last_day = (learners.studied_until + _LATE_HOURS * HOUR_SECONDS + learners.offset)[who] // DAY_SECONDS
    own_day = day_joined[:, None] + np.arange(COURSE_DAYS)
    share_of_day = share[:, None] * np.where((own_day + 3) % 7 >= 5, _WEEKEND, 1)  # 1970 began on a Thursday
    practised = rng.random(own_day.shape) < share_of_day
    since = last_day[:, None] - own_day
    practised |= np.isin(who, list(steady))[:, None] & (since >= 1) & (since <= _AT_A_STRETCH)
    count = np.where(practised, 1 + drawn(_TASKS_OF_TEN_DAYS, own_day.shape, rng), 0)

    place, day = np.nonzero(count)
    each = count[place, day]
    learner, own = np.repeat(who[place], each), np.repeat(own_day[place, day], each)
    own_second = (_FIRST_HOUR + drawn(_HOURS, own.shape, rng)) * HOUR_SECONDS + rng.integers(0, HOUR_SECONDS, own.size)
    return learner, own * DAY_SECONDS + own_second - learners.offset[learner]
