"""How far a rank that was read from a private release may be off."""

import math
from functools import lru_cache
from itertools import pairwise

# Published size and 90th percentile of a rank's error, in percent. Measured on simulated
# scores of several shapes (normal, two-humped, against a ceiling): docs/privacy.md.
MEASURED_MARGINS = ((50, 13.0), (100, 10.0), (200, 6.5), (500, 5.0), (1000, 4.0), (10_000, 1.0))

KEPT_MARGINS = 1_000  # sizes are published in steps of ten


@lru_cache(maxsize=KEPT_MARGINS)
def margin_of_size(size: int) -> float:
    """90th percentile of the error of a rank, in percent, in a release of published size *size*.

    Interpolated between the measured sizes on the logarithm of the size, to a tenth of a percent;
    constant beyond them. A function of the public size alone, so it tells nothing about anybody.
    """
    first_size, first_margin = MEASURED_MARGINS[0]
    if size <= first_size:
        return first_margin
    for (lower_size, lower_margin), (upper_size, upper_margin) in pairwise(MEASURED_MARGINS):
        if size <= upper_size:
            way = math.log(size / lower_size) / math.log(upper_size / lower_size)
            return round(lower_margin + way * (upper_margin - lower_margin), 1)
    return MEASURED_MARGINS[-1][1]
