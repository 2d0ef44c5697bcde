"""Keyed pseudonyms."""

import pytest

from domain.learners.erasure import Pseudonyms
from tests.builders import an_id


def test_the_same_person_has_the_same_pseudonym_and_another_key_another() -> None:
    one, other = Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)
    assert one.of(an_id("Ada")) == one.of(an_id("Ada"))
    assert one.of(an_id("Ada")) != one.of(an_id("Ben"))
    assert one.of(an_id("Ada")) != other.of(an_id("Ada"))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Pseudonyms(b"1" * 31)
