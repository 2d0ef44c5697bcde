"""The limits are one value, and none of them can be switched off."""

import dataclasses

import pytest

from server.limits import Limits


def test_limits_have_defaults_that_are_above_zero() -> None:
    assert all(value > 0 for value in dataclasses.asdict(Limits()).values())


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_limits_refuse_what_would_switch_one_off(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})


def test_limits_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().depth = 100  # type: ignore[misc]


def test_limits_keep_the_longest_document_that_is_kept_within_the_room_for_all() -> None:
    limits = Limits()
    assert limits.cached_document_characters <= limits.cached_characters
    assert limits.cached_document_characters <= limits.source_characters
