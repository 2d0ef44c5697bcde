"""What somebody with an account can read of a cell, through each field that shows one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.privacy.figures import Bar, Distribution
from tests.client import Client

FIGURES = """
fragment Figures on PeerDistribution {
  metric mean stdDev q1 median q3 iqr whiskerLow whiskerHigh sampleSize calculatedAt histogram { from to share }
}
"""
ALIASES = 25  # a request may have thirty


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A field that shows figures of a cell.

    selection: what is asked for, with $objective and $metric still to be filled in.
    found: the figures of one metric in what is answered; None where they are withheld.
    of_viewer: whether it stands below `viewer`.
    """

    name: str
    selection: str
    found: Callable[[Any, str], Mapping[str, Any] | None]
    of_viewer: bool = False

    def asked(self, objective_id: str, metric: str) -> str:
        """The selection for one cell."""
        return self.selection.replace("$objective", f'"{objective_id}"').replace("$metric", metric)


def _shown(answer: Mapping[str, Any], metric: str) -> Mapping[str, Any] | None:
    return answer if "mean" in answer else None


def _of_metric(answers: Iterable[Mapping[str, Any]], metric: str) -> Mapping[str, Any] | None:
    return next((answer for answer in answers if answer.get("metric") == metric), None)


SURFACES = (
    Surface(
        name="peerDistribution",
        selection="peerDistribution(objectiveId: $objective, metric: $metric) { ...Figures }",
        found=_shown,
    ),
    Surface(
        name="Objective.peerDistribution",
        selection="objective(id: $objective) { peerDistribution(metric: $metric) { ...Figures } }",
        found=lambda answer, metric: _shown(answer["peerDistribution"], metric),
    ),
    Surface(
        name="peerBenchmark",
        selection="peerBenchmark(objectiveId: $objective) { ... on PeerBenchmark { dimensions { ...Figures } } }",
        found=lambda answer, metric: _of_metric(answer.get("dimensions", ()), metric),
    ),
    Surface(
        name="peerStanding",
        selection="peerStanding(objectiveId: $objective, metric: $metric) "
        "{ ... on PeerStanding { distribution { ...Figures } } }",
        found=lambda answer, metric: answer.get("distribution"),
        of_viewer=True,
    ),
    Surface(
        name="peerProfile",
        selection="peerProfile(objectiveId: $objective) { ... on PeerStanding { distribution { ...Figures } } }",
        found=lambda answer, metric: _of_metric((one["distribution"] for one in answer if one), metric),
        of_viewer=True,
    ),
)


async def read(
    client: Client, surface: Surface, objective_ids: Sequence[str], metric: str
) -> list[Mapping[str, Any] | None]:
    """The figures of each objective, as this caller sees them in one metric; None where they are withheld."""
    figures: list[Mapping[str, Any] | None] = []
    for start in range(0, len(objective_ids), ALIASES):
        some = objective_ids[start : start + ALIASES]
        asked = "\n".join(f"cell{place}: {surface.asked(id_, metric)}" for place, id_ in enumerate(some))
        data = await client.data(
            f"{{ viewer {{ {asked} }} }} {FIGURES}" if surface.of_viewer else f"{{ {asked} }} {FIGURES}"
        )
        answers = data["viewer"] if surface.of_viewer else data
        figures += [surface.found(answers[f"cell{place}"], metric) for place in range(len(some))]
    return figures


async def read_all(client: Client, surface: Surface, objective_ids: Sequence[str], metric: str) -> list[Distribution]:
    """As `read`, where none may be withheld."""
    figures = [one for one in await read(client, surface, objective_ids, metric) if one is not None]
    assert len(figures) == len(objective_ids), f"{surface.name} withholds some of {len(objective_ids)} cells"
    return [as_distribution(one) for one in figures]


RELATIVE = """
query ($metric: PeerMetric!) { viewer { relativePerformance(metric: $metric) { ... on RelativePerformance {
  strengths { objective { id } peerMean } weaknesses { objective { id } peerMean }
} } } }
"""


async def relative_means(client: Client, objective_ids: Sequence[str], metric: str) -> list[float]:
    """Peers' means as `relativePerformance` shows them to a viewer who stands out everywhere."""
    answer = (await client.data(RELATIVE, {"metric": metric}))["viewer"]["relativePerformance"]
    means = {one["objective"]["id"]: one["peerMean"] for one in answer["strengths"] + answer["weaknesses"]}
    return [means[id_] for id_ in objective_ids]


def as_distribution(figures: Mapping[str, Any]) -> Distribution:
    """The figures as the attacker's own program holds them."""
    return Distribution(
        metric=figures["metric"],
        mean=figures["mean"],
        std_dev=figures["stdDev"],
        q1=figures["q1"],
        median=figures["median"],
        q3=figures["q3"],
        iqr=figures["iqr"],
        whisker_low=figures["whiskerLow"],
        whisker_high=figures["whiskerHigh"],
        sample_size=figures["sampleSize"],
        calculated_at=datetime.fromisoformat(figures["calculatedAt"]),
        histogram=tuple(Bar(from_=bar["from"], to=bar["to"], share=bar["share"]) for bar in figures["histogram"]),
    )
