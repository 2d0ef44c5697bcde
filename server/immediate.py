"""Coroutines that often have nothing to wait for."""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has run as far as it could without waiting for anything.

    done: whether that was to where it returned *result*. Else it goes on, or raises what it has raised, when this is
    awaited; perhaps by another task than the one that began it: so up to where it waits first it may be in the middle
    of nothing that belongs to a task, as `asyncio.timeout` and task groups do.
    """

    __slots__ = ("_coroutine", "_fault", "_waited_for", "done", "result")

    result: T

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._fault: Exception | None = None
        self.done = False
        try:
            self._waited_for = coroutine.send(None)
            self._note_waiting(False)
        except StopIteration as ended:
            self.result = ended.value
            self.done = True
        except Exception as fault:
            self._fault = fault

    def __await__(self) -> Generator[Any, Any, T]:
        if self.done:
            return self.result
        if self._fault is not None:
            raise self._fault
        self._note_waiting(True)
        waited_for = self._waited_for
        thrown: BaseException | None
        while True:
            try:
                sent = yield waited_for
            except BaseException as fault:  # a cancellation too is the coroutine's to meet
                thrown, sent = fault, None
            else:
                thrown = None
            try:
                waited_for = self._coroutine.send(sent) if thrown is None else self._coroutine.throw(thrown)
            except StopIteration as ended:
                result: T = ended.value
                return result

    def _note_waiting(self, waits: bool) -> None:
        """Takes the note from a future that somebody is about to wait for it, and puts it there again.

        A future hands it to the task that awaits it. Others who come to wait for the future must not find it there.
        """
        if hasattr(self._waited_for, "_asyncio_future_blocking"):
            self._waited_for._asyncio_future_blocking = waits
