"""What callers are told of their faults."""

import copy

import pytest

from domain.errors import BenchmarkUnavailable, DatabaseUnavailable, Forbidden, InvalidInput, NotFound, PacelineError


@pytest.mark.parametrize(
    ("error", "code", "field", "sentence"),
    [
        (
            InvalidInput("score", "1.2 is above 1", "send a share from 0 to 1"),
            "BAD_USER_INPUT",
            "score",
            "score: 1.2 is above 1; send a share from 0 to 1.",
        ),
        (
            NotFound("learnerId", "there is no such learner", "send the id of one you may change"),
            "NOT_FOUND",
            "learnerId",
            "learnerId: there is no such learner; send the id of one you may change.",
        ),
        (
            BenchmarkUnavailable("values", "profit_margin has no benchmark yet", "come back later"),
            "BENCHMARK_UNAVAILABLE",
            "values",
            "values: profit_margin has no benchmark yet; come back later.",
        ),
        (
            Forbidden("learners may not start jobs", "ask an admin"),
            "FORBIDDEN",
            None,
            "Learners may not start jobs; ask an admin.",
        ),
        (
            DatabaseUnavailable(),
            "DATABASE_UNAVAILABLE",
            None,
            "The database cannot be reached; try again in a moment.",
        ),
    ],
)
def test_an_error_has_a_code_and_one_sentence(
    error: PacelineError, code: str, field: str | None, sentence: str
) -> None:
    assert (error.code, error.field, str(error)) == (code, field, sentence)


def test_a_copied_error_says_the_same() -> None:
    error = copy.copy(InvalidInput("score", "it is negative", "send a share"))
    assert str(error) == "score: it is negative; send a share."
