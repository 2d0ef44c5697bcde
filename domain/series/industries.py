"""The ten industries, and the models of their synthetic series: read from industries.toml, once."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from domain.series.choice import CompanySize, Region
from domain.series.industry import Industry, IndustryMetric

SOURCE = files("domain.series") / "industries.toml"
MONTHS = 12


class Kind(StrEnum):
    """On which scale companies, seasons and years add up: logarithms of amounts, logits of shares."""

    AMOUNT = "amount"
    SHARE = "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricModel:
    """How one metric of one industry behaves. All numbers are on the scale of *kind*.

    level: of medium-sized companies, nationally, in January 2020, season aside. growth: in a month.
    spread: standard deviation of companies; noise: of the median, from month to month.
    seasons: by month, January first, adding up to 0. sizes, regions: what being of that size or there adds.
    """

    metric: IndustryMetric
    kind: Kind
    level: float
    growth: float
    spread: float
    noise: float
    seasons: tuple[float, ...]
    sizes: Mapping[CompanySize, float]
    regions: Mapping[Region, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How many companies report. swing: the largest share by which their number leaves its mean."""

    companies: int
    sizes: Mapping[CompanySize, float]
    regions: Mapping[Region, float]
    swing: float

    def mean(self, company_size: CompanySize, region: Region) -> float:
        return self.companies * self.sizes[company_size] * self.regions[region]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndustryModel:
    """An industry with the models of its metrics, by their names in the order in which they are shown."""

    industry: Industry
    metrics: Mapping[str, MetricModel]
    panel: Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """All of the file. version: of the numbers in it; part of what keys the noise."""

    version: int
    industries: Mapping[str, IndustryModel]


def industries() -> tuple[Industry, ...]:
    """All of them, in the order in which they are shown."""
    return _industries()


def industry_named(name: str) -> Industry | None:
    """The industry of this name."""
    model = models().industries.get(name)
    return None if model is None else model.industry


@cache
def models() -> Models:
    """What the file says; the first call reads it.

    Raises ValueError (msgspec.ValidationError is one) for a file that is not as its head describes.
    """
    return read(SOURCE.read_text("utf-8"))


@cache
def _industries() -> tuple[Industry, ...]:
    return tuple(model.industry for model in models().industries.values())


# ---- the file, as it is written

Factor: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Season: TypeAlias = Annotated[list[Factor], msgspec.Meta(min_length=MONTHS, max_length=MONTHS)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z_]*$", max_length=32)]
Growth: TypeAlias = Annotated[float, msgspec.Meta(gt=-1)]

T = TypeVar("T")


class _Metric(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    label: str
    kind: Kind
    unit: str
    higher_is_better: bool
    typical: Factor
    spread: Factor
    growth: Growth | None = None
    seasons: str
    season_strength: float = 1.0
    sizes: str
    regions: str
    noise: Factor | None = None
    lowest: float | None = None
    highest: float | None = None
    step: Factor


class _Industry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    label: str
    growth: Growth
    companies: Annotated[int, msgspec.Meta(gt=0)]
    metrics: list[_Metric]


class _Panel(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    sizes: dict[CompanySize, Factor]
    regions: dict[Region, Factor]
    swing: Annotated[float, msgspec.Meta(ge=0, lt=1)]


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    version: int
    noise: Factor
    seasons: dict[str, Season]
    sizes: dict[str, dict[CompanySize, Factor]]
    regions: dict[str, dict[Region, Factor]]
    panel: _Panel
    industries: list[_Industry]


def read(text: str) -> Models:
    """The models that a file's *text* describes; raises ValueError as `models`."""
    file = msgspec.convert(tomllib.loads(text), _File)
    for sizes in [*file.sizes.values(), file.panel.sizes]:
        _require_all(sizes, CompanySize)
    for regions in [*file.regions.values(), file.panel.regions]:
        _require_all(regions, Region)
    return Models(version=file.version, industries=_by_name([(one.name, _model(file, one)) for one in file.industries]))


def _require_all(profile: Mapping[T, float], wanted: Iterable[T]) -> None:
    missing = sorted(str(one) for one in wanted if one not in profile)
    if missing:
        raise ValueError(f"a profile lacks {', '.join(missing)}")


def _model(file: _File, written: _Industry) -> IndustryModel:
    metrics = _by_name([(one.name, _metric_model(file, written, one)) for one in written.metrics])
    industry = Industry(
        name=written.name, label=written.label, metrics=tuple(model.metric for model in metrics.values())
    )
    panel = Panel(
        companies=written.companies, sizes=file.panel.sizes, regions=file.panel.regions, swing=file.panel.swing
    )
    return IndustryModel(industry=industry, metrics=metrics, panel=panel)


def _metric_model(file: _File, industry: _Industry, written: _Metric) -> MetricModel:
    where = f"{industry.name}.{written.name}"
    if written.kind is Kind.SHARE and written.typical >= 1:
        raise ValueError(f"{where}: a share lies below 1")
    season = [math.log(factor) for factor in _profile(file.seasons, written.seasons, where)]
    middle = math.fsum(season) / MONTHS
    growth = industry.growth if written.growth is None else written.growth
    return MetricModel(
        metric=IndustryMetric(
            name=written.name,
            label=written.label,
            unit=written.unit,
            higher_is_better=written.higher_is_better,
            lowest=written.lowest,
            highest=written.highest,
            step=written.step,
        ),
        kind=written.kind,
        level=math.log(written.typical if written.kind is Kind.AMOUNT else written.typical / (1 - written.typical)),
        growth=math.log1p(growth) / MONTHS,
        spread=written.spread,
        noise=file.noise if written.noise is None else written.noise,
        seasons=tuple(written.season_strength * (one - middle) for one in season),
        sizes=_logs(_profile(file.sizes, written.sizes, where)),
        regions=_logs(_profile(file.regions, written.regions, where)),
    )


def _profile(profiles: Mapping[str, T], name: str, where: str) -> T:
    if name not in profiles:
        raise ValueError(f"{where}: there is no profile named {name}")
    return profiles[name]


def _logs(factors: Mapping[T, float]) -> dict[T, float]:
    return {key: math.log(factor) for key, factor in factors.items()}


def _by_name(named: Sequence[tuple[str, T]]) -> dict[str, T]:
    found = dict(named)
    if len(found) != len(named):
        raise ValueError("two industries, or two metrics of one, have the same name")
    return found
