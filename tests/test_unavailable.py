"""Withheld answers."""

import re

import pytest

from domain.unavailable import Reason, Unavailable


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_one_sentence_without_a_number(reason: Reason) -> None:
    message = Unavailable.because(reason).message
    assert re.fullmatch(r"[A-Z][^0-9.]+\.", message)


def test_answers_for_one_reason_are_equal() -> None:
    assert Unavailable.because(Reason.TOO_FEW_PEERS) == Unavailable.because(Reason.TOO_FEW_PEERS)


def test_reasons_are_those_of_the_contract_and_the_learners_own_choice() -> None:
    contract = ["TOO_FEW_PEERS", "TOO_FEW_RESPONSES", "NOT_COMPUTED", "NO_DATA"]
    assert [reason.value for reason in Reason] == [*contract, "SWITCHED_OFF"]
