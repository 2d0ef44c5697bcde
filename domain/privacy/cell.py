"""The cell: what one release is about."""

from dataclasses import dataclass
from typing import Self

ALL = "all"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure's subject matter: whose scores, in what, by which metric.

    population: "all", or the name of a fixed group ("cohort:<id>"). Never a free filter.
    subject: an objective's id, or "all".
    metric: the metric's name in the GraphQL contract.
    Raises ValueError for an empty part or one with a slash: two cells must never share a key.
    """

    population: str
    subject: str
    metric: str

    def __post_init__(self) -> None:
        for part in (self.population, self.subject, self.metric):
            if not part or "/" in part:
                raise ValueError(f"a part of a cell is {part!r}; give a name without a slash")

    @classmethod
    def objective(cls, objective_id: str | None, metric: str) -> Self:
        """The cell of all learners in one objective; in all objectives together for None."""
        return cls(ALL, objective_id or ALL, str(metric))

    @property
    def key(self) -> str:
        """The cell as text, "all/<subject>/<metric>": names the row and keys its noise."""
        return f"{self.population}/{self.subject}/{self.metric}"
