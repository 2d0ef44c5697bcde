"""What a gap's row says to the learner."""

from collections.abc import Sequence
from typing import assert_never

from domain.gaps.severity import GapSeverity

# More names than that are a list, and the learning path is already one.
NAMED = 3


def recommend(*, topic: str, hours: float | None, first: Sequence[str], blocked: int, severity: GapSeverity) -> str:
    """One or two sentences: what to do about *topic*, for how long, what to begin with, and what builds on it.

    topic, first: names; first are the topics before this one in its learning path, in order.
    hours: until it is mastered; None or 0 is not mentioned. blocked: number of topics that build on it.
    """
    sentences = [_advice(topic, severity) + _duration(hours) + "."]
    clauses = [f"begin with {_list(first)}"] if first else []
    if blocked:
        builds = "1 other topic builds" if blocked == 1 else f"{blocked} other topics build"
        clauses.append(f"{builds} on it" if not first else f"{builds} on {topic}")
    if clauses:
        text = "; ".join(clauses)
        sentences.append(text[0].upper() + text[1:] + ".")
    return " ".join(sentences)


def _advice(topic: str, severity: GapSeverity) -> str:
    match severity:
        case GapSeverity.CRITICAL:
            return f"Put {topic} before everything else"
        case GapSeverity.HIGH:
            return f"Work on {topic} this week"
        case GapSeverity.MEDIUM:
            return f"Set aside time for {topic}"
        case GapSeverity.LOW:
            return f"Go over {topic} again when you have time"
        case _:
            assert_never(severity)


def _duration(hours: float | None) -> str:
    """How long, in whole hours: an estimate would only pretend to know minutes."""
    if not hours:
        return ""
    if hours < 1:
        return ": it may take less than an hour"
    whole = int(hours + 0.5)
    return f": it may take about {whole} {'hour' if whole == 1 else 'hours'}"


def _list(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C", "A, B, C and 2 more"."""
    parts = list(names[:NAMED])
    if len(names) > NAMED:
        parts.append(f"{len(names) - NAMED} more")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
