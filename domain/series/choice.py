"""What a series is chosen by: the size and region of companies, and whose figures they are."""

from enum import StrEnum


class CompanySize(StrEnum):
    """Small, medium or large, by people employed."""

    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"


class Region(StrEnum):
    """The United States, or a part of them."""

    NATIONAL = "NATIONAL"
    NORTHEAST = "NORTHEAST"
    SOUTHEAST = "SOUTHEAST"
    MIDWEST = "MIDWEST"
    WEST = "WEST"
    SOUTHWEST = "SOUTHWEST"


class DataSource(StrEnum):
    """Whose figures a series shows; those of two sources never stand in one series."""

    BLS = "BLS"
    CENSUS = "CENSUS"
    SYNTHETIC = "SYNTHETIC"
    USER_CONTRIBUTED = "USER_CONTRIBUTED"
