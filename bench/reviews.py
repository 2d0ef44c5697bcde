"""FSRS-6 and SM-2 replayed over real review logs, against the `fsrs` package that replays FSRS-6 alone."""

from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np
from fsrs import Card, Rating, ReviewLog, Scheduler

from bench.evaluation.reviews import MICROSECOND, Log, read
from bench.measure import Comparison, NotMeasured, Row, Target, in_turns
from bench.workshop import Workshop
from domain.reviews.memory import new_memories
from domain.reviews.replay import advance

DATA = Path(__file__).parents[2] / "shared" / "data" / "srs-reviews"
SUBJECT = "replay of review logs, FSRS-6 and SM-2 together"
LEARNERS = 100


async def run(workshop: Workshop) -> list[Row]:
    if not DATA.is_dir():
        return [NotMeasured(subject=SUBJECT, why="the set srs-reviews is not beside the checkout")]
    log = read(DATA)
    crowd = repeated(log, LEARNERS)
    one_card = single_card(log)
    logs = package_logs(log)

    async def many() -> float:
        return replay_rate(crowd)

    async def one() -> float:
        return replay_rate(log)

    async def long() -> float:
        return replay_rate(one_card)

    async def package() -> float:
        return package_rate(logs)

    of_many, of_one, of_long, of_package = await in_turns(workshop.rounds, many, one, long, package)
    baseline = "`reschedule_card` of the fsrs package, one learner's log"
    notes = {
        f"{LEARNERS} learners, {crowd.at.size:,} reviews of {int(crowd.card.max()) + 1:,} cards": of_many,
        f"one learner, {log.at.size:,} reviews of {int(log.card.max()) + 1:,} cards": of_one,
        f"one card with {one_card.at.size:,} reviews, the worst case": of_long,
    }
    return [
        Comparison(
            subject=SUBJECT,
            baseline=baseline,
            unit="reviews/s",
            values=rates,
            baseline_values=of_package,
            # Rounds go over cards: the goal is for many of them.
            target=Target(least=10) if rates is of_many else None,
            note=note,
        )
        for note, rates in notes.items()
    ]


def repeated(log: Log, learners: int) -> Log:
    """The log of so many learners with cards of their own, in order of instant, as reviews arrive."""
    cards = int(log.card.max()) + 1
    learner = np.repeat(np.arange(learners), log.at.size)
    at = np.tile(log.at, learners)
    arrival = np.argsort(at, kind="stable")
    return Log(
        card=(np.tile(log.card, learners) + learner * cards)[arrival],
        at=at[arrival],
        correct=np.tile(log.correct, learners)[arrival],
        elapsed_days=np.tile(log.elapsed_days, learners)[arrival],
    )


def single_card(log: Log) -> Log:
    """The same instants and answers, all of one card; as many rounds as reviews."""
    return Log(card=np.zeros_like(log.card), at=log.at, correct=log.correct, elapsed_days=log.elapsed_days)


def package_logs(log: Log) -> dict[int, list[ReviewLog]]:
    """The reviews of each card as the package takes them."""
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    result: dict[int, list[ReviewLog]] = {}
    for card, at, correct in zip(log.card.tolist(), log.at.tolist(), log.correct.tolist(), strict=True):
        rating = Rating.Good if correct else Rating.Again
        review = ReviewLog(card_id=card, rating=rating, review_datetime=epoch + at * MICROSECOND, review_duration=None)
        result.setdefault(card, []).append(review)
    return result


def replay_rate(log: Log) -> float:
    """Reviews a second, from arrays to the state of every card."""
    cards = int(log.card.max()) + 1
    ties = np.arange(log.at.size)
    started = perf_counter()
    found = advance(new_memories(cards), log.card, log.at, log.correct, ties)
    seconds = perf_counter() - started
    assert found.reviews.sum() == log.at.size
    return log.at.size / seconds


def package_rate(logs: dict[int, list[ReviewLog]]) -> float:
    """Reviews a second of the package, from its own review logs."""
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    started = perf_counter()
    for number, reviews in logs.items():
        scheduler.reschedule_card(Card(card_id=number), reviews)
    return sum(map(len, logs.values())) / (perf_counter() - started)
