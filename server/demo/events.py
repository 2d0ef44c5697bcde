"""The rows of the demo's sessions, materials, questions, tasks and study events."""

from collections.abc import Mapping, Sequence

import numpy as np

from domain.events.attempt import Difficulty, LearningMode
from domain.events.task import Skill
from server.demo.ids import ids
from server.demo.people import People
from server.demo.practice import KINDS, QUESTIONS_A_TOPIC, Answers, Sessions
from server.demo.rows import NULL, Rows, flags, instants, picked
from server.demo.tasks import Tasks

# As plain text, as cells are.
_DIFFICULTIES, _MODES, _SKILLS = ([str(one) for one in kind] for kind in (Difficulty, LearningMode, Skill))
_NOTED = 0.35  # share of sessions with a study event
_NAMES = ("note_written", "deck_opened", "forum_question")


def event_rows(
    name: str,
    topic_keys: Sequence[str],
    learners: People,
    sessions: Sessions,
    answers: Answers,
    done: Tasks,
    rng: np.random.Generator,
) -> Mapping[str, Rows]:
    """The import files of these events, each learner's together and by rising time.

    name: of the whole, which the events' ids come from; questions and materials keep theirs whatever it is.
    """
    topic_ids = [ids(f"topic {key}", 1)[0] for key in topic_keys]
    session_ids = ids(f"sessions of {name}", len(sessions))
    learner_ids = picked(learners.ids, sessions.learner.tolist())
    (read,) = np.nonzero(sessions.read_for)
    (noted,) = np.nonzero(rng.random(len(sessions)) < _NOTED)
    return {
        "study_sessions": Rows(
            {
                "event_id": ids(f"session reports of {name}", len(sessions)),
                "learner_id": learner_ids,
                "session_id": session_ids,
                "started_at": instants(sessions.began),
                "ended_at": instants(sessions.ended),
                "paused_for": [str(seconds) for seconds in sessions.paused.tolist()],
                "pauses": [str(count) for count in sessions.pauses.tolist()],
                "interruptions": [str(count) for count in sessions.interruptions.tolist()],
            }
        ),
        "material_interactions": Rows(
            {
                "event_id": ids(f"interactions of {name}", read.size),
                "learner_id": picked(learner_ids, read.tolist()),
                "occurred_at": instants(sessions.began[read] + sessions.read_for[read]),
                "material_id": _of_topics(
                    "materials", topic_keys, len(KINDS), sessions.topic[read].tolist(), sessions.kind[read].tolist()
                ),
                "topic_id": picked(topic_ids, sessions.topic[read].tolist()),
                "session_id": picked(session_ids, read.tolist()),
                "kind": picked(KINDS, sessions.kind[read].tolist()),
                "duration": [str(seconds) for seconds in sessions.read_for[read].tolist()],
                "completion": [str(hundredths / 100) for hundredths in sessions.completion[read].tolist()],
            }
        ),
        "question_attempts": _attempt_rows(name, topic_keys, topic_ids, session_ids, learner_ids, sessions, answers),
        "task_completions": _task_rows(name, learners, done),
        "study_events": Rows(
            {
                "event_id": ids(f"study events of {name}", noted.size),
                "learner_id": picked(learner_ids, noted.tolist()),
                "occurred_at": instants(sessions.ended[noted]),
                "name": picked(_NAMES, rng.integers(0, len(_NAMES), noted.size).tolist()),
                "session_id": picked(session_ids, noted.tolist()),
                "properties": [f'{{"words": {words}}}' for words in rng.integers(3, 120, noted.size).tolist()],
            }
        ),
    }


def _attempt_rows(
    name: str,
    topic_keys: Sequence[str],
    topic_ids: Sequence[str],
    session_ids: Sequence[str],
    learner_ids: Sequence[str],
    sessions: Sessions,
    answers: Answers,
) -> Rows:
    session, topic, question = answers.session.tolist(), answers.topic.tolist(), answers.question.tolist()
    hundredths = [str(points / 100) for points in range(101)]
    return Rows(
        {
            "event_id": ids(f"attempts of {name}", len(answers)),
            "learner_id": picked(learner_ids, session),
            "occurred_at": instants(answers.occurred),
            "question_id": _of_topics("questions", topic_keys, QUESTIONS_A_TOPIC, topic, question),
            "topic_id": picked(topic_ids, topic),
            "session_id": picked(session_ids, session),
            "difficulty": picked(_DIFFICULTIES, (answers.question % len(Difficulty)).tolist()),
            "mode": picked(_MODES, sessions.mode[answers.session].tolist()),
            "correct": flags(answers.correct),
            "attempt_number": [str(number) for number in answers.number.tolist()],
            "time_to_answer": [str(seconds) for seconds in answers.seconds.tolist()],
            "confidence": [
                hundredths[points] if rated else NULL
                for points, rated in zip(answers.confidence.tolist(), answers.rated.tolist(), strict=True)
            ],
        }
    )


def _task_rows(name: str, learners: People, done: Tasks) -> Rows:
    return Rows(
        {
            "event_id": ids(f"tasks of {name}", len(done)),
            "learner_id": picked(learners.ids, done.learner.tolist()),
            "occurred_at": instants(done.finished),
            "skill": picked(_SKILLS, done.skill.tolist()),
            "practice_minutes": [str(count) for count in done.minutes.tolist()],
        }
    )


def _of_topics(
    what: str, topic_keys: Sequence[str], each: int, topics: Sequence[int], numbers: Sequence[int]
) -> list[str]:
    """The id of a question or material, by topic and number in it."""
    by_topic = [ids(f"{what} {key}", each) for key in topic_keys]
    return [by_topic[topic][number] for topic, number in zip(topics, numbers, strict=True)]
