"""Ghost trajectories: whether two courses of benchmarks tell how much an achiever did who joined between them."""

import numpy as np
import pytest

from domain.distribution import Floats
from domain.ghost.benchmark import ANCHOR_DAYS, LAST_DAY, SuccessBenchmark, cell_of, success_benchmark
from domain.ghost.metric import ActivityMetric
from domain.ghost.scales import SCALES, on_scale
from domain.privacy.cell import Cell
from domain.privacy.policy import ReleaseRules
from domain.privacy.release import Contributors, Release, build
from domain.privacy.schedule import crowd_joined
from tests.builders import PRIVATE
from tests.privacy.crowds import EXACT, MONDAY, crowd

TARGET, START = 7.0, 5.5
TASKS = ActivityMetric.TASKS_COMPLETED
BEFORE = 60  # achievers of a group when the observer first looks
CROWD = 60  # who join until it is renewed, the learner that is attacked among them
MOST_TOLD = 0.10


def courses(rng: np.random.Generator, people: int) -> tuple[Floats, Floats]:
    """Tasks a day of so many people, and their tasks by the end of each of 90 days, shape (people, 90)."""
    rates = np.clip(rng.normal(2, 0.8, people), 0.2, None)
    return rates, np.cumsum(rng.poisson(rates[:, np.newaxis], (people, LAST_DAY)), axis=1).astype(np.float64)


def releases_of(group: int, done: Floats, rules: ReleaseRules) -> dict[Cell, Release]:
    """What the job would publish of the tasks of these achievers, which here stand for the other metrics too."""
    found: dict[Cell, Release] = {}
    for day in ANCHOR_DAYS:
        people: Contributors = crowd(on_scale(done[:, day - 1], TASKS).astype(np.float64), first=1_000 * group)
        cell = cell_of(TARGET, START, day, TASKS)
        release = build(cell, people, rules, MONDAY, scale=SCALES[TASKS])
        assert release is not None
        found |= dict.fromkeys((cell_of(TARGET, START, day, metric) for metric in ActivityMetric), release)
    return found


def daily_values(releases: dict[Cell, Release], days: range, percent: int) -> Floats:
    """The course of benchmarks as anybody can ask for it, day by day."""
    shown = [success_benchmark(releases, target=TARGET, start=START, day_number=day, percent=percent) for day in days]
    assert all(isinstance(one, SuccessBenchmark) for one in shown)
    return np.array([one.value_of(TASKS) for one in shown if isinstance(one, SuccessBenchmark)])


def slope(days: range, values: Floats) -> float:
    return float(np.polyfit(days, values, 1)[0])


def told(estimates: list[float], rates: list[float]) -> float:
    """How much of the variance of the rates the estimates explain, 0-1."""
    return float(np.corrcoef(estimates, rates)[0, 1] ** 2)


def attacked(rules: ReleaseRules, groups: int, days: range, percent: int) -> float:
    """R2 of the victims' rates, by the growth of all that is claimed about the upper part of each group."""
    rng = np.random.default_rng(14)
    estimates, rates = [], []
    for group in range(groups):
        everybody, done = courses(rng, BEFORE + CROWD)
        # The one that is attacked joins first.
        earlier, later = (releases_of(group, done[:size], rules) for size in (BEFORE, BEFORE + CROWD))
        before, after = (daily_values(releases, days, percent) for releases in (earlier, later))
        estimates.append(slope(days, (BEFORE + CROWD) * after - BEFORE * before))
        rates.append(everybody[BEFORE])
    return told(estimates, rates)


def test_daily_means_before_and_after_somebody_joins_tell_its_rate() -> None:
    """The attack works on what the specification would have published: each day a mean in whole tasks."""
    rng = np.random.default_rng(14)
    days = range(1, LAST_DAY + 1)
    estimates, rates = [], []
    for _ in range(60):
        everybody, done = courses(rng, BEFORE + 1)
        before, after = done[:BEFORE].mean(axis=0).round(), done.mean(axis=0).round()
        estimates.append(slope(days, (BEFORE + 1) * after - BEFORE * before))
        rates.append(everybody[BEFORE])
    assert told(estimates, rates) > 0.9


@pytest.mark.parametrize("rules", [PRIVATE, EXACT], ids=["private", "exact"])
def test_nobody_who_joins_alone_changes_a_benchmark(rules: ReleaseRules) -> None:
    _, done = courses(np.random.default_rng(14), BEFORE)
    releases = releases_of(0, done, rules)
    assert not any(crowd_joined(release, BEFORE + 1) for release in releases.values())
    assert all(crowd_joined(release, BEFORE + CROWD) for release in releases.values())


def test_two_private_courses_do_not_tell_the_rate_of_somebody_who_joined() -> None:
    assert attacked(PRIVATE, 60, range(1, LAST_DAY + 1, 9), 50) <= MOST_TOLD


@pytest.mark.heavy
@pytest.mark.parametrize("percent", [10, 25, 50])
def test_two_private_courses_tell_it_in_no_share_of_the_achievers(percent: int) -> None:
    assert attacked(PRIVATE, 200, range(1, LAST_DAY + 1), percent) <= MOST_TOLD
