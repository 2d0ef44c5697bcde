"""The parameters of knowledge tracing that explain a topic's answers best."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from domain.distribution import Floats
from domain.mastery.knowledge import Attempts, KnowledgeParameters, Known, ParametersOfGroups, Rounds, arrange, walk

MINIMUM_ATTEMPTS = 1000

# prior, learn, guess, slip, forget. Guess and slip stay clear of 0.5, where answers would tell nothing.
LOWEST = np.array([0.01, 0.001, 0.01, 0.01, 0.0001])
HIGHEST = np.array([0.99, 0.8, 0.45, 0.45, 0.5])

# The likelihood has several hills: the search begins on the best of these.
BEGINNINGS = [
    (prior, learn, guess, slip, 0.02)
    for prior, learn, guess, slip in product((0.2, 0.6), (0.05, 0.2), (0.1, 0.3), (0.05, 0.25))
]

# The search ends after so many looks, or when the simplex is flat: a thousandth in log-likelihood changes no figure.
MOST_LOOKS = 500
FLAT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Parameters of a topic, and how well they and the defaults explain its answers, as natural log-likelihoods."""

    parameters: KnowledgeParameters
    attempts: int
    log_likelihood: float
    default_log_likelihood: float


def fit(attempts: Attempts, start: Known) -> Fitted | None:
    """The most likely parameters of one topic within bounds; None below 1000 attempts.

    attempts: of this topic alone, a group being a learner. start: as in trace; where a learner has a state already,
    as after retention, its answers say nothing of the prior.
    Never less likely than the defaults; the same content gives the same parameters, in whatever order.
    Source: the simplex search of Nelder and Mead 1965, on the logits of the parameters within their bounds.
    """
    if attempts.at.size < MINIMUM_ATTEMPTS:
        return None
    rounds = arrange(start, attempts)
    default = KnowledgeParameters()
    beginning = np.array([default.prior, default.learn, default.guess, default.slip, default.forget])
    default_log_likelihood = log_likelihood(rounds, start, beginning)

    def loss(place: Floats) -> float:
        return -log_likelihood(rounds, start, _inside(place))

    places = [_outside(np.array(one)) for one in (beginning, *BEGINNINGS)]
    losses = [loss(place) for place in places]
    place, least = descend(loss, places[int(np.argmin(losses))])
    prior, learn, guess, slip, forget = _inside(place).tolist()
    return Fitted(
        parameters=KnowledgeParameters(prior=prior, learn=learn, guess=guess, slip=slip, forget=forget),
        attempts=attempts.at.size,
        log_likelihood=-least,
        default_log_likelihood=default_log_likelihood,
    )


def worth_adopting(fitted: Fitted, attempts: Attempts, start: Known, current: KnowledgeParameters) -> bool:
    """Whether *fitted* explains the answers that it was fitted to so much better than *current* that it is no chance.

    Five parameters must gain 5/2 ln n in log-likelihood over n answers: 17 over 1000. So a fit to much the same
    answers as before changes nothing. attempts, start: as in `fit`.
    Source: Schwarz 1978, the information criterion BIC.
    """
    values = np.array([current.prior, current.learn, current.guess, current.slip, current.forget])
    gain = fitted.log_likelihood - log_likelihood(arrange(start, attempts), start, values)
    return gain > values.size / 2 * float(np.log(fitted.attempts))


def log_likelihood(rounds: Rounds, start: Known, values: Floats) -> float:
    """Natural logarithm of the answers' probability under *values*: prior, learn, guess, slip, forget."""
    prior, learn, guess, slip, forget = np.broadcast_to(values[:, np.newaxis], (5, start.at.size))
    parameters = ParametersOfGroups(prior=prior, learn=learn, guess=guess, slip=slip, forget=forget)
    return float(np.log(walk(rounds, start, parameters)[1]).sum())


def _inside(place: Floats) -> Floats:
    values: Floats = LOWEST + (HIGHEST - LOWEST) / (1 + np.exp(-np.clip(place, -30, 30)))
    return values


def _outside(values: Floats) -> Floats:
    place: Floats = np.log((values - LOWEST) / (HIGHEST - values))
    return place


def descend(loss: Callable[[Floats], float], beginning: Floats) -> tuple[Floats, float]:
    """The lowest place found from *beginning* on, never above it, and its loss."""
    simplex = np.vstack([beginning, beginning + np.eye(beginning.size)])
    losses = np.array([loss(place) for place in simplex])
    looks = losses.size
    while looks < MOST_LOOKS and np.ptp(losses) > FLAT:
        order = np.argsort(losses, kind="stable")
        simplex, losses = simplex[order], losses[order]
        centre = simplex[:-1].mean(axis=0)
        away = centre - simplex[-1]
        reached, height = centre + away, loss(centre + away)
        looks += 1
        if height < losses[0]:
            further, its_height = centre + 2 * away, loss(centre + 2 * away)
            looks += 1
            if its_height < height:
                reached, height = further, its_height
        elif height >= losses[-2]:
            towards = centre + (0.5 if height < losses[-1] else -0.5) * away
            its_height = loss(towards)
            looks += 1
            if its_height < min(height, losses[-1]):
                reached, height = towards, its_height
            else:
                simplex[1:] = (simplex[1:] + simplex[0]) / 2
                losses[1:] = [loss(place) for place in simplex[1:]]
                looks += beginning.size
                continue
        simplex[-1], losses[-1] = reached, height
    best = int(np.argmin(losses))
    return simplex[best], float(losses[best])
