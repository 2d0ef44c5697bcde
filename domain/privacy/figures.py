"""Figures that are read from a release: everything a peer field shows, under both policies."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np

from domain.distribution import Floats, fences, percentile_rank, quartiles
from domain.privacy.margin import margin_of_size
from domain.privacy.policy import MINIMUM_PEERS
from domain.privacy.release import Release, bar_edges, bars_of

# A quantile is shown only where at least so many people lie beyond it on either side.
PEOPLE_BEYOND_QUANTILE = 10

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


def distribution(release: Release, lowest: float = 0.0, highest: float = 100.0) -> Distribution:
    """The figures of *release*: in whole points under `private`, plain statistics under `exact`.

    lowest, highest: the metric's legal range, for the histogram of an exact release;
    a private one knows the range it was built for.
    """
    if release.means is None:
        return _from_bars(release)
    return _from_means(release, release.means, lowest, highest)


def quantile(release: Release, share: float) -> float | None:
    """The value that *share* (0-1) of the peers are at or below.

    None where fewer than 10 people lie beyond it on one side: the 10 percent at the top of 99 is nobody's figure.
    """
    # The tolerance is for 1 - 0.9, which is a little less than 0.1 in floats.
    if release.size * min(share, 1 - share) < PEOPLE_BEYOND_QUANTILE - 1e-9:
        return None
    if release.means is None:
        return float(round(_value_at(release, share)))
    return float(np.percentile(release.means, 100 * share, method="linear"))


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
        return float(round(100 * _share_at(release, score, at_bar_end=at_bar_end)))
    others = _others(release.means, score, contributes=contributes)
    if others.size < minimum_peers:
        return None
    return percentile_rank(score, others, kind="weak")


def peer_mean(release: Release, own_mean: float, contributes: bool) -> float:
    """The peers' mean: as published under `private`, that of the others (as in rank) under `exact`."""
    if release.means is None:
        return _from_bars(release).mean
    return float(_others(release.means, own_mean, contributes=contributes).mean())


def rank_margin(release: Release) -> float:
    """How far a rank in *release* may be off in 9 cases of 10, in percent; 0 under `exact`."""
    return margin_of_size(release.size) if release.means is None else 0.0


# Every request about a cell works on the same Release object (domain/privacy/queries.py) and wants the same figures.
@lru_cache(maxsize=KEPT_DISTRIBUTIONS)
def _from_bars(release: Release) -> Distribution:
    """Figures of a private release; whiskers never end at a datum, which would be somebody's score."""
    mean = _mean(release)
    variance = sum(
        (above - below) * ((left + right) / 2 - mean) ** 2
        for (left, right), (below, above) in zip(pairwise(release.edges), pairwise(release.cumulative), strict=True)
    )
    q1, median, q3 = (float(round(_value_at(release, share))) for share in (0.25, 0.5, 0.75))
    low, high = fences(q1, q3)
    return Distribution(
        metric=release.cell.metric,
        mean=float(round(mean)),
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


def _from_means(release: Release, means: Floats, lowest: float, highest: float) -> Distribution:
    box = quartiles(means)
    low, high = fences(box.q1, box.q3)
    edges = bar_edges(release.size, lowest, highest)
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


def _mean(release: Release) -> float:
    """Mean of a private release, as if all people of a bar stood in its middle."""
    return sum(
        (above - below) * (left + right) / 2
        for (left, right), (below, above) in zip(pairwise(release.edges), pairwise(release.cumulative), strict=True)
    )


def _share_at(release: Release, score: float, *, at_bar_end: bool) -> float:
    """Cumulative share of a private release at *score*, people spread evenly within each bar."""
    edges, cumulative = release.edges, release.cumulative
    if score >= edges[-1]:
        return 1.0
    if score < edges[0]:
        return 0.0
    bar = bisect_right(edges, score) - 1
    if at_bar_end:
        return cumulative[bar + 1]
    way = (score - edges[bar]) / (edges[bar + 1] - edges[bar])
    return cumulative[bar] + way * (cumulative[bar + 1] - cumulative[bar])


def _value_at(release: Release, share: float) -> float:
    """The smallest value with the cumulative share *share* > 0 in a private release, linear within its bar."""
    edges, cumulative = release.edges, release.cumulative
    end = bisect_left(cumulative, share)
    way = (share - cumulative[end - 1]) / (cumulative[end] - cumulative[end - 1])
    return edges[end - 1] + way * (edges[end] - edges[end - 1])


def _others(means: Floats, own_mean: float, *, contributes: bool) -> Floats:
    """*means*, rising, without one copy of *own_mean* if it contributes and is among them.

    It may be missing: the row can be older than the learner's newest response.
    """
    position = int(np.searchsorted(means, own_mean))
    if contributes and position < means.size and means[position] == own_mean:
        return np.delete(means, position)
    return means
