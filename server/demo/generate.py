"""Makes the demo: a believable course, to look at the API with and to measure it by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from server.demo.curriculum import Curriculum
from server.demo.events import event_rows
from server.demo.examples import STUMBLING_TOPIC, Examples, examples
from server.demo.exams import result_rows, results
from server.demo.figures import figure_rows
from server.demo.people import Directory, cohort_rows, learner_rows, people
from server.demo.practice import practice
from server.demo.responses import marks, response_rows
from server.demo.rows import Rows, epoch_seconds
from server.demo.study import attempts
from server.demo.tasks import tasks

DEFAULT_LEARNERS = 780
# On which share of days the example learners practise: one lies behind the achievers, one ahead, ...
STEADILY = (0.42, 0.75, 0.42, 0.5, 0.6)
# With fewer, objectives that are meant to be released would fall below fifty contributors.
FEWEST_LEARNERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoData:
    """The rows of each import file, by the file's name without its ending, in the order in which to load them."""

    files: Mapping[str, Rows]
    example: Examples


def generate(*, learners: int = DEFAULT_LEARNERS, seed: int = 1, until: datetime) -> DemoData:
    """The demo as it would look at *until* (aware).

    The same arguments give the same data on every machine. The curriculum's ids are always the same; those of
    cohorts, learners and responses depend on seed and number of learners, and not on *until*: loaded once more on
    another day, the same events would say something else.
    Everything lies at or before *until* and less than 700 days back.
    Raises ValueError for fewer than 200 learners, a negative seed, or an *until* without an offset.
    """
    if learners < FEWEST_LEARNERS:
        raise ValueError(f"a demo of {learners} learners would have nothing to release; take {FEWEST_LEARNERS} or more")
    now = epoch_seconds(until)
    name = f"{learners} learners, seed {seed}"
    # A stream for each part, so that a change to one leaves the others as they are. Every draw is rounded to what
    # is recorded, so that the last bits of a logarithm, which differ between processors, do not show.
    of_people, of_study, of_marks, of_practice, of_exams, of_events, of_tasks, of_figures = np.random.default_rng(
        seed
    ).spawn(8)
    curriculum, directory = Curriculum.read(), Directory.read()
    crowd = people(directory, name, learners, now, of_people)
    tried = attempts(curriculum.objectives, crowd, now, of_study)
    earned = marks(curriculum, crowd, tried, of_marks)
    example = examples(name, directory, curriculum, crowd, tried, earned)
    looked_at = (example.learner_id, example.other_learner_id, example.private_learner_id)
    devoted = [crowd.ids.index(learner_id) for learner_id in looked_at]
    stumbling = curriculum.topic_keys.index(STUMBLING_TOPIC)
    sessions, answers = practice(len(curriculum.topic_keys), crowd, devoted, stumbling, now, of_practice)
    done = tasks(crowd, dict(zip([*devoted, crowd.at_risk, crowd.idle], STEADILY, strict=True)), sessions, of_tasks)
    sat = results(crowd, sessions, answers, devoted, now, of_exams)
    return DemoData(
        files={
            "cohorts": cohort_rows(directory, name),
            "learners": learner_rows(directory, name, crowd),
            "topics": curriculum.topic_rows(),
            "topic_links": curriculum.link_rows(),
            "objectives": curriculum.objective_rows(),
            "exam_results": result_rows(crowd, sat),
            "user_figures": figure_rows(name, until, of_figures),
            "validation_responses": response_rows(name, curriculum, crowd, tried, earned),
            **event_rows(name, curriculum.topic_keys, crowd, sessions, answers, done, of_events),
        },
        example=example,
    )
