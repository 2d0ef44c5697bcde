"""What every endpoint does first: who asks, and the context of the request."""

from collections.abc import Sequence

from starlette.types import Scope

from resolvers.caller import Caller
from resolvers.context import Context, Deployment
from server.clock import Clock
from server.logging import bind_request, bound_request, new_request_id, request_id_of
from server.negotiation import REQUEST_ID, SentHeaders
from server.observation import Observation
from server.tokens import TokenVerifier

CHALLENGE = (b"www-authenticate", b'Bearer realm="paceline"')


class Front:
    """Knows the deployment, the tokens and the time. observation: told of the operations that are answered."""

    def __init__(
        self,
        deployment: Deployment,
        verifier: TokenVerifier,
        clock: Clock,
        observation: Observation | None = None,
    ) -> None:
        self.deployment = deployment
        self.observation = observation or Observation()
        self._verifier = verifier
        self._clock = clock

    def admit(self, headers: SentHeaders) -> None:
        """Gives a request its id: what is logged from here on bears it."""
        bind_request(request_id_of(headers.get(REQUEST_ID)))

    async def caller(self, authorization: Sequence[str]) -> Caller:
        """Who asks, by all `Authorization` headers of a request. Raises Unauthenticated."""
        return self._known_as(await self._verifier.verify(authorization))

    def remembered(self, authorization: str) -> Caller | None:
        """As `caller`, where the header was found good before; None where that is to be seen."""
        caller = self._verifier.remembered(authorization)
        return None if caller is None else self._known_as(caller)

    def _known_as(self, caller: Caller) -> Caller:
        request_id = bound_request()
        if request_id is not None and _bare(request_id) == _bare(caller.subject):
            bind_request(new_request_id())  # who asks stands in no log, even if it wants to
        return caller

    async def seconds_left(self, authorization: Sequence[str]) -> float:
        """For how long that caller need not be looked at again. Raises Unauthenticated."""
        return await self._verifier.seconds_left(authorization)

    def context(self, caller: Caller, languages: tuple[str, ...] = (), *, may_lag: bool = False) -> Context:
        """A request's context; what is logged from here on bears its id. may_lag: as in Context."""
        request_id = bound_request()
        if request_id is None:  # a subscription's: its connection has none
            request_id = new_request_id()
            bind_request(request_id)
        return Context(
            caller=caller,
            began=self._clock(),
            request_id=request_id,
            deployment=self.deployment,
            may_lag=may_lag,
            languages=languages,
        )

    def again(self, context: Context) -> Context:
        """A context for answering the same request anew, as of now."""
        return context.again(self._clock())


def _bare(id_: str) -> str:
    return id_.replace("-", "").lower()


def answer_header() -> tuple[bytes, bytes]:
    """The header that tells a client the id of its request."""
    return REQUEST_ID, (bound_request() or "").encode("ascii")


def authorization(scope: Scope) -> list[str]:
    """All `Authorization` headers of a request: more than one is nobody's."""
    return [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
