"""Who is on a connection, for as long as its token is good."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn

from resolvers.caller import Caller
from server.front import Front
from server.subscriptions.protocol import CloseCode, Ended
from server.tokens import Unauthenticated

# A token's time may be up and its keys be renewed at the same moment; no token is looked at more often.
SHORTEST_TRUST = 0.05


class Trust:
    """A token that a connection was opened with. authorization: all that the client sent as such."""

    def __init__(self, front: Front, authorization: Sequence[str]) -> None:
        self._front = front
        self._authorization = authorization

    async def caller(self) -> Caller:
        """The caller, by its token as of now. Raises Ended (4403)."""
        try:
            return await self._front.caller(self._authorization)
        except Unauthenticated:
            raise forbidden() from None

    async def hold(self) -> NoReturn:
        """Waits until the token is no longer good. Raises Ended (4403)."""
        while True:
            try:
                seconds = await self._front.seconds_left(self._authorization)
            except Unauthenticated:
                raise forbidden() from None
            await asyncio.sleep(max(seconds, SHORTEST_TRUST))


def forbidden() -> Ended:
    """The end of who has no good token, or no longer."""
    return Ended(CloseCode.FORBIDDEN, "Forbidden: no valid token")
