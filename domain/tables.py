"""All tables together: what migrations are compared with."""

from sqlmodel import SQLModel

from domain.audit import tables as _audit
from domain.catalog import tables as _catalog
from domain.events import tables as _events
from domain.jobs import tables as _jobs
from domain.learners import tables as _learners
from domain.peers import tables as _peers
from domain.privacy import tables as _privacy

METADATA = SQLModel.metadata
SYSTEMS = (_audit, _catalog, _events, _jobs, _learners, _peers, _privacy)
