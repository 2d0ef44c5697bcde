"""The garbage collector of a process that serves or imports."""

import gc

# Allocations less frees until the youngest objects are looked through. Python's own 700 is a handful of requests, and a
# batch of events makes tens of thousands of objects that all live until it is stored.
YOUNG_OBJECTS = 20_000


def settle() -> None:
    """Leaves what exists now out of every later collection: call it when all that lives long has been made.

    The schema alone is some hundred thousand objects that live as long as the process. Going through them again and
    again took a quarter of the time of large answers, and made pauses of 50 ms (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
