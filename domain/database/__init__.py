"""Both engines behind one seam: statements written once with SQLAlchemy, run by the engine's own driver."""

from domain.database.open import open_database, open_replica
from domain.database.replicas import Replica, State
from domain.database.session import Database, Occupancy, Reading, Writing

__all__ = ["Database", "Occupancy", "Reading", "Replica", "State", "Writing", "open_database", "open_replica"]
