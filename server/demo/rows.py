"""The rows of one import file, held by column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from domain.distribution import Floats

NULL = ""  # an empty cell


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as a CSV reader would give them: for each a mapping from column to the cell's text.

    columns: by name the texts of all rows, equally many in each.
    Iterated again, it gives the same rows again.
    """

    columns: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        lengths = {name: len(cells) for name, cells in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the columns differ in length: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[dict[str, str]]:
        names = tuple(self.columns)
        return (dict(zip(names, cells, strict=True)) for cells in zip(*self.columns.values(), strict=True))


def flags(values: NDArray[np.bool_]) -> list[str]:
    """Booleans as cells."""
    return ["true" if value else "false" for value in values.tolist()]


def decimals(values: Floats, present: NDArray[np.bool_]) -> list[str]:
    """Numbers as cells with one decimal; empty where not *present*."""
    return [f"{value:.1f}" if there else NULL for value, there in zip(values.tolist(), present.tolist(), strict=True)]


def instants(seconds: NDArray[np.int64]) -> list[str]:
    """Whole seconds since 1970 as cells, in UTC."""
    return [f"{text}Z" for text in np.datetime_as_string(seconds.astype("datetime64[s]")).tolist()]


def epoch_seconds(instant: datetime) -> int:
    """*instant* in whole seconds since 1970, rounded down; raises ValueError for one without an offset."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset from UTC; give it one")
    return int(instant.astimezone(UTC).timestamp() // 1)


def picked(texts: Sequence[str], places: Iterable[int]) -> list[str]:
    """The text at each place, in the order of *places*."""
    return [texts[place] for place in places]
