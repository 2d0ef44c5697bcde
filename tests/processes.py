"""Programs under test in processes of their own."""

import os


def inherited() -> dict[str, str]:
    """What a program under test is handed of our environment: where programs are, and that its coverage is measured.

    And that it must not ask BLS, nor hold back the one caller that a test's load comes from.
    """
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COV")}
    return {
        **kept,
        "PACELINE_BLS_FETCH": "off",
        "PACELINE_RATE_LIMIT": "off",
        "PACELINE_COST_RATE_LIMIT": "off",
    }
