"""Programs under test in processes of their own."""

import os


def inherited() -> dict[str, str]:
    """What a program under test is handed of our environment: where programs are, and that its coverage is measured."""
    return {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COV")}
