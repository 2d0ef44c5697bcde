"""The bars that contributed figures are counted in: public, from the models of industries.toml alone.

Each month of each industry, size and region has bars of its own. They lie around the median that the model of its
synthetic series expects, and are as wide as the companies' spread there says: within two spreads of it even ones, since
contributors need not be as the model thinks; then a wide one on either side; and from there to the end of the scale one
for whoever is far out. Bars with a tenth of the model's companies each would be finer, and so far off for contributors
who differ from these that a 90th percentile misses by four spreads in one case of ten (docs/series-contributed.md).
"""

import math
from datetime import date
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.privacy.scale import Scale
from domain.series.choice import CompanySize, Region
from domain.series.industries import Kind, MetricModel, models
from domain.series.industry import in_steps
from domain.series.range import months_between
from domain.series.synthetic import ORIGIN, expected_medians

Floats: TypeAlias = NDArray[np.float64]

# Edges, in spreads from the median. The outermost bars reach from the outermost of these to the ends of the scale.
_FEW = (-3.2, -1.8, -1.2, -0.6, 0.0, 0.6, 1.2, 1.8, 3.2)
_MANY = (-3.5, *(0.3 * place for place in range(-8, 9)), 3.5)

# The end of a scale that the metric has none of, in medians. Whoever is beyond it is counted at it.
_FARTHEST = 20

KEPT_SCALES = 2_000  # about 1 kB each


@lru_cache(maxsize=KEPT_SCALES)
def scale_of(industry: str, metric: str, company_size: CompanySize, region: Region, period: date) -> Scale:
    """The bars of one cell, in steps of the metric: whole multiples of it, between which figures are rounded.

    period: the first day of a month. Raises KeyError for an industry or a metric that there is not.
    """
    model = models().industries[industry].metrics[metric]
    centre = expected_median(model, company_size, region, period)
    farthest = _FARTHEST * value_of(model, centre)
    lowest = -farthest if model.metric.lowest is None else model.metric.lowest
    highest = farthest if model.metric.highest is None else model.metric.highest
    few, many = (
        _whole_edges(model, lowest, [value_of(model, centre + model.spread * at) for at in places], highest)
        for places in (_FEW, _MANY)
    )
    return Scale(few=few, many=many)


def expected_median(model: MetricModel, company_size: CompanySize, region: Region, period: date) -> float:
    """The median that *model* expects of a month, before its noise; on the scale of its kind."""
    month = np.array([months_between(ORIGIN, period)])
    return float(expected_medians(model, company_size, region, month)[0])


def value_of(model: MetricModel, scaled: float) -> float:
    """The value at a place on the scale of *model*'s kind."""
    return math.exp(scaled) if model.kind is Kind.AMOUNT else 1 / (1 + math.exp(-scaled))


def on_scale(values: Floats, scale: Scale, step: float) -> Floats:
    """*values* in steps, those outside *scale* set to its end."""
    return np.clip(in_steps(values, step), scale.lowest, scale.highest)


def _whole_edges(model: MetricModel, lowest: float, inner: list[float], highest: float) -> tuple[float, ...]:
    """Edges in whole steps from *lowest* to *highest*, each once: what lies outside is one of these two."""
    if lowest < 0:
        # The model knows no losses. Those that are as large as its best gains have a bar, and so have larger ones.
        inner = [-inner[-2], *inner[1:]]
    edges = np.rint(in_steps(np.array([lowest, *inner, highest]), model.metric.step))
    found: list[float] = np.unique(np.clip(edges, edges[0], edges[-1])).tolist()
    return tuple(found)
