"""What a deployment may decide."""

import pytest

from domain.privacy.policy import ReleasePolicy, ReleaseRules, Thresholds

KEY = b"k" * 32


def test_rules_default_to_fifty_peers_with_three_responses() -> None:
    rules = ReleaseRules(policy=ReleasePolicy.PRIVATE, key=KEY)
    assert (rules.minimum_peers, rules.minimum_responses) == (50, 3)


def test_rules_refuse_fewer_than_fifty_peers() -> None:
    with pytest.raises(ValueError, match="minimum_peers is 49; give at least 50"):
        ReleaseRules(policy=ReleasePolicy.PRIVATE, key=KEY, minimum_peers=49)


def test_thresholds_stand_without_rules() -> None:
    with pytest.raises(ValueError, match="minimum_peers is 49"):
        Thresholds(minimum_peers=49)


def test_rules_refuse_contributors_without_responses() -> None:
    with pytest.raises(ValueError, match="minimum_responses is 0; give at least 1"):
        ReleaseRules(policy=ReleasePolicy.EXACT, minimum_responses=0)


@pytest.mark.parametrize("key", [None, b"", b"k" * 31])
def test_private_rules_refuse_a_missing_or_short_key(key: bytes | None) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        ReleaseRules(policy=ReleasePolicy.PRIVATE, key=key)


def test_exact_rules_need_no_key() -> None:
    assert ReleaseRules(policy=ReleasePolicy.EXACT).key is None


def test_rules_never_show_their_key() -> None:
    assert "kkk" not in repr(ReleaseRules(policy=ReleasePolicy.PRIVATE, key=KEY))
