"""Figures that are read from a release: everything a peer field shows, under both policies."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np

from domain.distribution import Floats, fences, percentile_rank, quartiles
from domain.privacy.margin import margin_of_size
from domain.privacy.policy import MINIMUM_PEERS
from domain.privacy.release import Release, bars_of
from domain.privacy.scale import POINTS, Scale

# A quantile is shown only where at least so many people lie beyond it on either side.
PEOPLE_BEYOND_QUANTILE = 10

# Cumulative shares are published in millionths.
MILLIONTHS = 1_000_000
MILLIONTHS_A_PERCENT = 10_000

KEPT_DISTRIBUTIONS = 2_000  # about 4 kB each


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a release: the share of peers, 0-1, from `from_` to below `to` (the last one: to `to`)."""

    from_: float
    to: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A box plot and a histogram, on the metric's scale.

    metric: the metric's name. std_dev: population standard deviation. iqr: q3 - q1.
    whisker_low, whisker_high: Tukey's fences, clamped to the legal range under `private`, to the data under `exact`.
    sample_size: as published. calculated_at: the release's tick.
    """

    metric: str
    mean: float
    std_dev: float
    q1: float
    median: float
    q3: float
    iqr: float
    whisker_low: float
    whisker_high: float
    sample_size: int
    calculated_at: datetime
    histogram: tuple[Bar, ...]


def distribution(release: Release, scale: Scale = POINTS) -> Distribution:
    """The figures of *release*: in whole points under `private`, plain statistics under `exact`.

    scale: the metric's, for the histogram of an exact release; a private one knows the bars it was built in.
    """
    if release.means is None:
        return _from_bars(release, scale.whole)
    return _from_means(release, release.means, scale)


def mean(release: Release, scale: Scale = POINTS) -> float:
    """The mean; in whole points under `private`."""
    return distribution(release, scale).mean if release.means is None else float(release.means.mean())


def quantile(release: Release, share: float, scale: Scale = POINTS) -> float | None:
    """The value that *share* (0-1) of the peers are at or below; a whole number under `private`.

    None where fewer than 10 people lie beyond it on one side: the 10 percent at the top of 99 is nobody's figure.
    """
    # The tolerance is for 1 - 0.9, which is a little less than 0.1 in floats.
    if release.size * min(share, 1 - share) < PEOPLE_BEYOND_QUANTILE - 1e-9:
        return None
    if release.means is None:
        return _whole_value_at(release, share, scale.whole)
    return float(np.percentile(release.means, 100 * share, method="linear"))


def top_mean(release: Release, percent: int, scale: Scale = POINTS) -> float:
    """The mean of the *percent* (1-100) of the people with the highest values.

    `exact`: of so many people, rounded up. `private`: of that share of the bars, people spread evenly within each;
    not rounded, so that what is worked out from it need be rounded but once.
    """
    if release.means is None:
        return _tail_mean(release, percent / 100, scale.whole)
    people = -(-release.size * percent // 100)
    return float(release.means[-people:].mean())


def rank(
    release: Release,
    score: float,
    *,
    at_bar_end: bool = False,
    contributes: bool,
    minimum_peers: int = MINIMUM_PEERS,
) -> float | None:
    """Share of peers at or below *score*, in percent.

    `private`: the cumulative share at the score, in whole percent, the same for every viewer;
    at_bar_end: read at the end of the score's bar, for metrics with many ties.
    `exact`: the share among the others. contributes: whether the viewer's own mean may be among the release's;
    if it is there, one copy is left out. None where fewer than *minimum_peers* others remain.
    """
    if release.means is None:
        share = _share_at_bar_end(release, score) if at_bar_end else _share_at(release, score)
        return float(round(100 * share))
    others = _others(release.means, score, contributes=contributes)
    if others.size < minimum_peers:
        return None
    return percentile_rank(score, others, kind="weak")


def share_below(release: Release, value: float, scale: Scale = POINTS) -> float:
    """Share of the people in *release* below *value*, 0-1: in whole percent under `private`.

    Under `private` as good as the bars are: at one of their edges nobody is counted on the wrong side.
    """
    if release.means is None:
        return round(_share_below(release, value, scale.whole), 2)
    return int(np.searchsorted(release.means, value)) / release.size


def share_from(release: Release, value: float, scale: Scale = POINTS) -> float:
    """Share of the people in *release* at or above *value*, 0-1; otherwise as share_below."""
    if release.means is None:
        return round(1 - _share_below(release, value, scale.whole), 2)
    return (release.size - int(np.searchsorted(release.means, value))) / release.size


def whole_rank_below(release: Release, value: float, scale: Scale = POINTS) -> int:
    """Share of the people in *release* strictly below *value*, in whole percent, rounded down.

    In integers under both policies: 29 of 100 are 29 percent, where int(29 / 100 * 100) is 28.
    """
    if release.means is None:
        return round(MILLIONTHS * _share_below(release, value, scale.whole)) // MILLIONTHS_A_PERCENT
    return 100 * int(np.searchsorted(release.means, value)) // release.size


def peer_mean(release: Release, own_mean: float, contributes: bool) -> float:
    """The peers' mean: as published under `private`, that of the others (as in rank) under `exact`."""
    if release.means is None:
        return mean(release)
    return float(_others(release.means, own_mean, contributes=contributes).mean())


def rank_margin(release: Release) -> float:
    """How far a rank in *release* may be off in 9 cases of 10, in percent; 0 under `exact`."""
    return margin_of_size(release.size) if release.means is None else 0.0


# Every request about a cell works on the same Release object (domain/privacy/queries.py) and wants the same figures.
@lru_cache(maxsize=KEPT_DISTRIBUTIONS)
def _from_bars(release: Release, whole: bool) -> Distribution:
    """Figures of a private release; whiskers never end at a datum, which would be somebody's score."""
    centre = sum(people * (low + high) / 2 for low, high, people in _bars(release, whole))
    variance = sum(people * ((low + high) / 2 - centre) ** 2 for low, high, people in _bars(release, whole))
    q1, median, q3 = (_whole_value_at(release, share, whole) for share in (0.25, 0.5, 0.75))
    low, high = fences(q1, q3)
    return Distribution(
        metric=release.cell.metric,
        mean=float(round(centre)),
        std_dev=float(round(variance**0.5)),
        q1=q1,
        median=median,
        q3=q3,
        iqr=q3 - q1,
        whisker_low=max(low, release.edges[0]),
        whisker_high=min(high, release.edges[-1]),
        sample_size=release.size,
        calculated_at=release.released_at,
        histogram=tuple(
            Bar(from_=left, to=right, share=round(above - below, 6))
            for (left, right), (below, above) in zip(pairwise(release.edges), pairwise(release.cumulative), strict=True)
        ),
    )


def _from_means(release: Release, means: Floats, scale: Scale) -> Distribution:
    box = quartiles(means)
    low, high = fences(box.q1, box.q3)
    edges = scale.edges(release.size)
    shares = np.bincount(bars_of(means, edges), minlength=len(edges) - 1) / means.size
    return Distribution(
        metric=release.cell.metric,
        mean=float(means.mean()),
        std_dev=float(means.std()),
        q1=box.q1,
        median=box.median,
        q3=box.q3,
        iqr=box.iqr,
        whisker_low=max(low, float(means[0])),
        whisker_high=min(high, float(means[-1])),
        sample_size=release.size,
        calculated_at=release.released_at,
        histogram=tuple(
            Bar(from_=left, to=right, share=share)
            for (left, right), share in zip(pairwise(edges), shares.tolist(), strict=True)
        ),
    )


def _bars(release: Release, whole: bool) -> Iterator[tuple[float, float, float]]:
    """The lowest and the highest value of each bar of a private release, and the share of people in it."""
    for (left, right), (below, above) in zip(pairwise(release.edges), pairwise(release.cumulative), strict=True):
        yield left, right - 1 if whole else right, above - below


def _share_below(release: Release, value: float, whole: bool) -> float:
    """Share of people below *value* in a private release; where values have no steps, also of those at it."""
    return _share_at(release, math.ceil(value) if whole else value)


def _share_at(release: Release, score: float) -> float:
    """Cumulative share of a private release at *score*, people spread evenly within each bar."""
    edges, cumulative = release.edges, release.cumulative
    if score >= edges[-1]:
        return 1.0
    if score < edges[0]:
        return 0.0
    bar = bisect_right(edges, score) - 1
    way = (score - edges[bar]) / (edges[bar + 1] - edges[bar])
    return cumulative[bar] + way * (cumulative[bar + 1] - cumulative[bar])


def _share_at_bar_end(release: Release, score: float) -> float:
    """Cumulative share of a private release at the end of the bar that *score* is in."""
    if score >= release.edges[-1]:
        return 1.0
    return release.cumulative[bisect_right(release.edges, score)] if score >= release.edges[0] else 0.0


def _whole_value_at(release: Release, share: float, whole: bool) -> float:
    """The smallest value with the cumulative share *share* > 0 in a private release, as a whole number."""
    edges, cumulative = release.edges, release.cumulative
    end = bisect_left(cumulative, share)
    way = (share - cumulative[end - 1]) / (cumulative[end] - cumulative[end - 1])
    value = edges[end - 1] + way * (edges[end] - edges[end - 1])
    # A whole number takes the room up to the next one: whoever stands where it ends is still counted to it.
    return float(max(math.ceil(value - 1e-9) - 1, edges[0]) if whole else round(value))


def _tail_mean(release: Release, share: float, whole: bool) -> float:
    """The mean of the *share* (above 0 to 1) of the people at the upper end of a private release."""
    missing, total = share, 0.0
    for low, high, people in reversed(list(_bars(release, whole))):
        taken = min(people, missing)
        if taken > 0:
            total += taken * _top_of_bar(low, high, taken / people, whole)
            missing -= taken
    # What is missing in the last digit of a share.
    return total / (share - missing)


def _top_of_bar(low: float, high: float, share: float, whole: bool) -> float:
    """The mean of the upper *share* (above 0 to 1) of people who are spread evenly from *low* to *high*."""
    if not whole:
        return high - share * (high - low) / 2
    # So many values from the top on are taken, the last of them in part.
    values = share * (high - low + 1)
    full = math.floor(values)
    return (full * (high - (full - 1) / 2) + (values - full) * (high - full)) / values


def _others(means: Floats, own_mean: float, *, contributes: bool) -> Floats:
    """*means*, rising, without one copy of *own_mean* if it contributes and is among them.

    It may be missing: the row can be older than the learner's newest response.
    """
    position = int(np.searchsorted(means, own_mean))
    if contributes and position < means.size and means[position] == own_mean:
        return np.delete(means, position)
    return means
