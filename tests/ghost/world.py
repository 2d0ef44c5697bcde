"""A world of learners whose practice was recorded as events, with figures that can be worked out by hand.

Sixty learners who started at 6.0 reached 7.5. Fifteen of them, the top quarter, did two speaking tasks of 15 minutes on
each of their first five days and one of ten minutes on days 8 to 14: 10 tasks and 150 minutes by day 7, 17 and 220 by
day 14, and so 15 and 200 by day 12. Thirty-six studied on days 1 to 5, nine on days 1 to 3: 51 of 60 kept a streak of
five days.

A cohort of a hundred has done 1200 tasks in all and 800 this week: 35 of them 6, 39 of them 12 or 13, 15 of them 18 and
eleven 22; the eleven studied on six days this week, the others on three.

Fifty with the same start and target have done four tasks each, and so have 49 with another target.
"""

from domain.database import Database
from domain.events.task import Skill
from tests.builders import EXACT, add_cohort, an_id
from tests.ghost.journeys import enrolled, practice, recorded, run_jobs

COHORT, SMALL = an_id("Autumn"), an_id("Evening")


async def build(database: Database) -> None:
    """All that, released exactly, with learners who are compared with it and are in none of the figures."""
    await add_cohort(database, "Autumn")
    await add_cohort(database, "Evening")
    tasks = []

    top, middle, low = [
        await enrolled(
            database, [f"{name} {n}" for n in range(number)], on_day=151, target=7.5, diagnosis=6.2, final=final
        )
        for name, number, final in (("top", 15, 9.0), ("middle", 36, 7.5), ("low", 9, 8.0))
    ]
    for learner_id in top:
        # Day 1 is 150 days ago.
        tasks += practice(learner_id, dict.fromkeys(range(150, 145, -1), 2), skill=Skill.SPEAKING, minutes=15)
        tasks += practice(learner_id, dict.fromkeys(range(143, 136, -1), 1), skill=Skill.SPEAKING)
    for learner_id in middle:
        tasks += practice(learner_id, dict.fromkeys(range(150, 145, -1), 1), minutes=5)
    for learner_id in low:
        tasks += practice(learner_id, dict.fromkeys(range(150, 147, -1), 1), minutes=5)

    members = await enrolled(database, [f"member {n:03}" for n in range(100)], on_day=50, cohort_id=COHORT)
    courses = [
        (35, {0: 2, 1: 2, 2: 2}),
        (29, {0: 3, 1: 3, 2: 3, 20: 3}),
        (5, {0: 3, 1: 3, 2: 3, 20: 4}),
        (5, {0: 4, 1: 3, 2: 3, 20: 3}),
        (15, {0: 3, 1: 3, 2: 3, 20: 9}),
        (11, {0: 2, 1: 2, 2: 2, 3: 1, 4: 1, 5: 1, 20: 13}),
    ]
    waiting = iter(members)
    for number, course in courses:
        for _ in range(number):
            tasks += practice(next(waiting), course)

    # Those with target 8.0 from 5.0 are fifty, those with 7.0 one too few.
    for name, number, target in (("eighth", 50, 8.0), ("seventh", 49, 7.0)):
        for learner_id in await enrolled(
            database, [f"{name} {n}" for n in range(number)], on_day=50, target=target, diagnosis=5.4
        ):
            tasks += practice(learner_id, {1: 1, 2: 1, 3: 2})

    viewers = [
        # As the specification's example: 8 tasks, 5 of them this week, 140 minutes, a streak of 5, on day 12.
        ("Ada", COHORT, 7.5, 6.0, {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 8: 1, 10: 1, 11: 1}, 17.5),
        ("Bea", COHORT, None, None, {0: 3, 1: 3, 3: 2, 5: 2, 11: 20}, 10.0),
        ("Dan", SMALL, 8.0, 5.0, {0: 2}, 10.0),
        ("Eve", SMALL, 7.0, 5.0, {0: 2}, 10.0),
        ("Flo", None, None, None, {}, 10.0),
        ("Gus", COHORT, None, 6.4, {4: 6, 5: 6}, 10.0),
    ]
    for name, cohort_id, band, score, done, minutes in viewers:
        [learner_id] = await enrolled(database, [name], cohort_id=cohort_id, target=band, diagnosis=score, shares=False)
        tasks += practice(learner_id, done, skill=Skill.SPEAKING, minutes=minutes)
    # It is half past six in the evening where Cleo is.
    [cleo] = await enrolled(
        database, ["Cleo"], cohort_id=COHORT, target=7.0, diagnosis=6.0, shares=False, time_zone="Asia/Dhaka"
    )
    tasks += practice(cleo, {1: 1, 2: 1, 3: 1})
    # An old hand: on day 151, as the achievers are.
    [hal] = await enrolled(database, ["Hal"], on_day=151, target=7.5, diagnosis=6.0, shares=False)
    tasks += practice(hal, {0: 40})

    await recorded(database, tasks)
    await run_jobs(database, EXACT)
