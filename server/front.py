"""What every endpoint does first: who asks, and the context of the request."""

import secrets

from starlette.types import Scope

from resolvers.caller import Caller
from resolvers.context import Context, Deployment
from server.clock import Clock
from server.logging import bind_request
from server.tokens import TokenVerifier

CHALLENGE = (b"www-authenticate", b'Bearer realm="paceline"')


class Front:
    """Knows the deployment, the tokens and the time."""

    def __init__(self, deployment: Deployment, verifier: TokenVerifier, clock: Clock) -> None:
        self.deployment = deployment
        self._verifier = verifier
        self._clock = clock

    async def caller(self, scope: Scope) -> Caller:
        """Who asks. Raises Unauthenticated."""
        return await self._verifier.verify(authorization(scope))

    def context(self, caller: Caller) -> Context:
        """A request's context; what is logged from here on bears its id."""
        request_id = secrets.token_hex(8)
        bind_request(request_id)
        return Context(caller=caller, now=self._clock(), request_id=request_id, deployment=self.deployment)


def authorization(scope: Scope) -> list[str]:
    """All `Authorization` headers of a request: more than one is nobody's."""
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
