"""Both engines behind one seam: statements written once with SQLAlchemy, run by the engine's own driver."""

from domain.database.open import open_database
from domain.database.session import Database, Reading, Writing

__all__ = ["Database", "Reading", "Writing", "open_database"]
