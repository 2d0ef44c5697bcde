"""What asyncpg raises, by what it means to us."""

import asyncpg

from domain.database.pool import PoolExhausted

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# The server took no more connections, or the pool had none to lend.
BUSY = (asyncpg.TooManyConnectionsError, PoolExhausted)

# The server ended the connection, or somebody between us and it.
LOST = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # What asyncpg says of a statement that it is given after the server said good-bye and before the socket is closed.
    asyncpg.InternalClientError,
)

# What asyncpg raises when the database cannot serve; mistakes of ours pass as they are.
UNAVAILABLE = (
    *LOST,
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
)

# After these the connection may still be busy with what was given up, or be gone.
IN_DOUBT = (*LOST, OSError, TimeoutError, asyncpg.InterfaceError)
