"""Synthetic series: invented companies, computed from industries.toml and from nothing else.

The same question has the same answer on every machine, in every process and whatever was asked before: a month's noise
comes from a counter-based generator whose key is what the series is of and whose counter is the month.
"""

import math
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.series.choice import CompanySize, DataSource, Region
from domain.series.industries import IndustryModel, Kind, MetricModel, models
from domain.series.industry import in_steps, of_steps
from domain.series.range import month_of, months_between
from domain.series.series import BenchmarkPoint, BenchmarkSeries
from domain.series.wanted import SeriesQuery

EARLIEST: Final = date(2000, 1, 1)
ORIGIN: Final = date(2020, 1, 1)  # when the file's typical values hold

# Where 10, 25, 50, 75 and 90 % of a standard normal distribution lie at or below.
QUANTILES: Final = np.array([-1.2815515655446004, -0.6744897501960817, 0.0, 0.6744897501960817, 1.2815515655446004])

KEPT_SERIES: Final = 1_100
LONGEST_KEPT: Final = 24
"""Series kept, and their months at most, of some 250 bytes each. All there are of the default range (59 metrics x 3
sizes x 6 regions) take 3.3 MB, and no others more than 7. Longer ones are computed anew, sooner than they are shown.
"""

SPREAD_NOISE: Final = 0.03  # how far the distance between companies varies from month to month, as a share
_WORDS: Final = 4  # of 64 bits, that Philox makes at each count
_PIECES: Final = 8  # of 16 bits, whose sum stands for one normal number: (sum - mean) / deviation
_MEAN: Final = _PIECES * (2**16 - 1) / 2
_DEVIATION: Final = math.sqrt(_PIECES * (2**32 - 1) / 12)


def synthetic_series(wanted: SeriesQuery, newest: date) -> BenchmarkSeries:
    """The series that *wanted* asks for, of the months from January 2000 to *newest* among those it names.

    newest: the first day of the newest month that is over; the future is not made up.
    """
    first, last = max(wanted.first, EARLIEST), min(wanted.last, newest)
    series = kept_series if months_between(first, last) < LONGEST_KEPT else _series
    return series(wanted.industry, wanted.metric.name, wanted.company_size, wanted.region, first, last)


def synthetic_points(
    industry: str, metric: str, company_size: CompanySize, region: Region, first: date, last: date
) -> tuple[BenchmarkPoint, ...]:
    """One point for each month from *first* to *last*, their first days; none where *first* is after *last*.

    first: not before January 2000. Raises KeyError for an industry or a metric that there is not.
    """
    model = models().industries[industry]
    return computed_points(model, model.metrics[metric], company_size, region, first, last, models().version)


def _series(
    industry: str, metric: str, company_size: CompanySize, region: Region, first: date, last: date
) -> BenchmarkSeries:
    return BenchmarkSeries(
        metric=models().industries[industry].metrics[metric].metric,
        industry=industry,
        company_size=company_size,
        region=region,
        source=DataSource.SYNTHETIC,
        points=synthetic_points(industry, metric, company_size, region, first, last),
    )


kept_series = lru_cache(maxsize=KEPT_SERIES)(_series)
"""A series by everything that it depends on, as the arguments of `synthetic_points`."""


def computed_points(
    industry: IndustryModel,
    model: MetricModel,
    company_size: CompanySize,
    region: Region,
    first: date,
    last: date,
    version: int,
) -> tuple[BenchmarkPoint, ...]:
    """As `synthetic_points`, from these models."""
    length = months_between(first, last) + 1
    if length < 1:
        return ()
    key = _key(industry.industry.name, model.metric.name, company_size, region, version)
    months = np.arange(months_between(ORIGIN, first), months_between(ORIGIN, last) + 1)
    noise = monthly_noise(key[:16], months_between(EARLIEST, first), length)
    centre = expected_medians(model, company_size, region, months) + model.noise * noise[:, 0]
    width = model.spread * (1 + SPREAD_NOISE * noise[:, 1])
    scaled = centre[:, np.newaxis] + width[:, np.newaxis] * QUANTILES
    values = np.exp(scaled) if model.kind is Kind.AMOUNT else 1 / (1 + np.exp(-scaled))
    sizes = panel_sizes(industry.panel.mean(company_size, region), industry.panel.swing, key[16:], months)
    return tuple(
        BenchmarkPoint(
            period=period, value=row[2], p10=row[0], p25=row[1], p50=row[2], p75=row[3], p90=row[4], sample_size=size
        )
        for period, row, size in zip(_first_days(first, length), _stepped(values, model), sizes, strict=True)
    )


def expected_medians(
    model: MetricModel, company_size: CompanySize, region: Region, months: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The medians that *model* expects of *months* since January 2020, before their noise; on the scale of its kind."""
    middle = model.level + model.sizes[company_size] + model.regions[region]
    expected: NDArray[np.float64] = middle + model.growth * months + np.take(model.seasons, months % 12)
    return expected


def monthly_noise(key: bytes, first: int, length: int) -> NDArray[np.float64]:
    """Two standard normal numbers for each of *length* months from month *first* on: shape (length, 2).

    key: 16 bytes. A month's numbers depend on the key and on the month alone.
    Each is the sum of eight uniform whole numbers, scaled: within 4.9 of 0, and the same to the last bit everywhere,
    which no logarithm or cosine would be.
    """
    words = np.frombuffer(key, "<u8").astype(np.uint64)
    counter = np.array([first, 0, 0, 0], np.uint64)
    generator = np.random.Philox(key=words, counter=counter)  # keyed by the question: what it gives is no chance
    pieces = generator.random_raw(_WORDS * length).view(np.uint16).reshape(length, 2, _PIECES)
    noise: NDArray[np.float64] = (pieces.sum(axis=2, dtype=np.int64) - _MEAN) / _DEVIATION
    return noise


def panel_sizes(mean: float, swing: float, key: bytes, months: NDArray[np.int64]) -> list[int]:
    """How many companies report in each of *months*: around *mean*, on a wave of three to five years.

    key: 8 bytes, which say how long the wave is and where it begins.
    """
    length, phase = 36 + key[0] % 25, int.from_bytes(key[1:5], "little") / 2**32
    wave = np.sin(2 * np.pi * (months / length + phase))
    sizes: list[int] = np.rint(mean * (1 + swing * wave)).astype(int).tolist()
    return sizes


def _key(*parts: object) -> bytes:
    """24 bytes that depend on all of *parts* and on their order."""
    return blake2b("\n".join(map(str, parts)).encode(), digest_size=24, person=b"paceline series").digest()


def _stepped(values: NDArray[np.float64], model: MetricModel) -> list[list[float]]:
    """*values* as whole multiples of the metric's step: the last bits of a machine's exponential show nowhere."""
    step = model.metric.step
    rounded = of_steps(np.rint(in_steps(values, step)), step)
    rows: list[list[float]] = rounded.tolist()
    return rows


@lru_cache(maxsize=256)
def _first_days(first: date, length: int) -> tuple[date, ...]:
    """The first days of *length* months: the same objects for all series that ask for the same ones."""
    return tuple(month_of(first, back=-months) for months in range(length))
