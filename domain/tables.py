"""All tables together: what migrations are compared with."""

from sqlmodel import SQLModel

from domain.activity import tables as _activity
from domain.audit import tables as _audit
from domain.catalog import tables as _catalog
from domain.events import tables as _events
from domain.gaps import tables as _gaps
from domain.ghost import tables as _ghost
from domain.jobs import tables as _jobs
from domain.learners import tables as _learners
from domain.mastery import tables as _mastery
from domain.peers import tables as _peers
from domain.privacy import tables as _privacy
from domain.readiness import tables as _readiness
from domain.reviews import tables as _reviews
from domain.series import tables as _series

METADATA = SQLModel.metadata
SYSTEMS = (
    _activity,
    _audit,
    _catalog,
    _events,
    _gaps,
    _ghost,
    _jobs,
    _learners,
    _mastery,
    _peers,
    _privacy,
    _readiness,
    _reviews,
    _series,
)
