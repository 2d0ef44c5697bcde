"""The bounds of what connections and their subscriptions may take of a process, with their reasons."""

from dataclasses import dataclass, fields
from typing import Final

MESSAGE_BYTES: Final = 128 * 1024
"""Of one message that a client sends: a document of the largest size allowed, and its variables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLimits:
    """Raises ValueError for a bound that is not above zero."""

    connections: int = 1_000
    """Open at once in one process, WebSockets and streams together: each takes about 50 kB. One more is closed with
    1013, or answered 503: try another process."""

    connections_of_caller: int = 10
    """Of one caller in one process, WebSockets and streams together: a person has some tabs and devices. One more is
    closed with 1008, or answered 429."""

    subscriptions: int = 50
    """Running at once on one WebSocket: a page of learners. One more is answered with an error. A stream has one."""

    check_seconds: float = 60.0
    """After so long without an announcement an answer is looked at again: the clock changes it too, and what the
    caller may read, and an announcement may be lost."""

    gather_seconds: float = 0.25
    """So long after an announcement the answer is looked at: what comes in until then is one change."""

    answers_at_once: int = 4
    """Answers that are worked out at the same time in one process, so that an announcement to everybody leaves
    connections to the database for others."""

    message_bytes: int = MESSAGE_BYTES
    """Of one message; a larger one is closed with 1009."""

    init_seconds: float = 5.0
    """Until a client has to have said who it is; then 4408."""

    idle_seconds: float = 300.0
    """A connection may be without any subscription; then it is closed with 1000."""

    send_seconds: float = 30.0
    """A client may take to read a message; then it is cut off. Each of its subscriptions waits with one message at
    most, and then tells how things are, not how they were."""

    close_seconds: float = 1.0
    """A client may take to hear why it is closed; then it is cut off without."""

    silence_seconds: float = 15.0
    """After so long without a sign of life a stream has another one: proxies give up silent ones after 30 and more."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"The bound {field.name} must be above 0.")
