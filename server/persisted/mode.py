"""Which documents a deployment runs."""

from enum import StrEnum


class Mode(StrEnum):
    """What may be asked for."""

    OFF = "off"
    """What is sent; names of documents mean nothing."""

    ALLOW = "allow"
    """What is sent, what the manifest lists, and what clients registered."""

    ONLY = "only"
    """What the manifest lists."""
