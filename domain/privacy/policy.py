"""The thresholds of a release, and which of the two policies makes it."""

from dataclasses import dataclass, field
from enum import StrEnum

# Below 50 contributors noise that hides one of them drowns the figures
# (rank error above 13 percent in one case of ten).
MINIMUM_PEERS = 50

# A mean of one or two responses says more about chance than about a learner.
MINIMUM_RESPONSES = 3

# As many bytes as the digest of HMAC-SHA256: a shorter key would be the weakest part.
MINIMUM_KEY_BYTES = 32


class ReleasePolicy(StrEnum):
    """How a release is made."""

    PRIVATE = "private"
    EXACT = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How much it takes before anything is said; all that a server, which makes no releases, needs to know.

    minimum_peers: contributors that a release needs, at least 50.
    minimum_responses: responses that make a learner a contributor, at least 1.
    Raises ValueError, naming the value, for anything else.
    """

    minimum_peers: int = MINIMUM_PEERS
    minimum_responses: int = MINIMUM_RESPONSES

    def __post_init__(self) -> None:
        if self.minimum_peers < MINIMUM_PEERS:
            raise ValueError(f"minimum_peers is {self.minimum_peers}; give at least {MINIMUM_PEERS}")
        if self.minimum_responses < 1:
            raise ValueError(f"minimum_responses is {self.minimum_responses}; give at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRules(Thresholds):
    """What a deployment has decided about its releases.

    policy: `private` adds noise; `exact` publishes plain statistics, for trusted callers only.
    key: the secret that keys the noise, at least 32 bytes; needed under `private`.
    Raises ValueError, naming the value, for anything else.
    """

    policy: ReleasePolicy
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # Named, since slots make a second class of this name that a bare super() does not find.
        super(ReleaseRules, self).__post_init__()
        if self.policy is ReleasePolicy.PRIVATE and (self.key is None or len(self.key) < MINIMUM_KEY_BYTES):
            raise ValueError(f"policy private needs a noise key; give at least {MINIMUM_KEY_BYTES} bytes")
