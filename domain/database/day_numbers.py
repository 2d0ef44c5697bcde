"""Calendar days as numbers, for jobs that read columns as arrays: neither engine's own form is one."""

from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, cast, extract

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(day: ColumnElement[date]) -> ColumnElement[int]:
    """2026-11-18 as 20261118: the only way to a number that both engines know."""
    year, month, day_of_month = (cast(extract(part, day), BigInteger) for part in ("year", "month", "day"))
    return 10_000 * year + 100 * month + day_of_month


def ordinals(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The days that `day_number` gave, as proleptic ordinals."""
    rest, day = np.divmod(numbers, 100)
    year, month = np.divmod(rest, 100)
    months = (12 * (year - 1970) + month - 1).astype("datetime64[M]")
    found: NDArray[np.int64] = months.astype("datetime64[D]").astype(np.int64) + day - 1 + _EPOCH_ORDINAL
    return found
