"""Whether a server can listen where its settings say."""

import errno
import socket

from server.settings import Settings, SettingsError


def require_port(settings: Settings) -> None:
    """Holds that the address can be listened on; raises SettingsError otherwise.

    uvicorn would say so too, but as a log line among others, and with the exit code of a start that failed somehow.
    """
    address = settings.host, settings.port
    try:
        resolved = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise _no_port(settings, fault) from fault
    families = {family for family, *_ in resolved}
    faults: list[OSError] = []
    for family in families:
        try:
            socket.create_server(address, family=family).close()
        except OSError as fault:
            faults.append(fault)
    for found in faults:
        # A name may stand for an address of a kind that this machine has switched off, beside one that serves.
        if found.errno == errno.EADDRINUSE or len(faults) == len(families):
            raise _no_port(settings, found) from found


def _no_port(settings: Settings, fault: OSError) -> SettingsError:
    words = str(fault.strerror or fault).partition(" (while")[0]
    return SettingsError(
        "PACELINE_PORT",
        f"{settings.host}, port {settings.port} cannot be listened on ({words})",
        "stop what listens there, or choose another",
    )
