"""Keys for an installation that nobody has set up, made once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAMES = ("PACELINE_AUTH_SECRET", "PACELINE_RELEASE_KEY", "PACELINE_PSEUDONYM_KEY")
KEY_BYTES = 48

REMARK = """\
# Made by Paceline for this machine; see docs/settings.md. Keep it with the database, and show it to nobody:
# with other keys, tokens and pseudonyms lose their meaning, and releases some of their privacy.
"""


def ensure_keys(directory: Path) -> Path:
    """The file `keys.env` in *directory*, readable for its owner alone; made with random keys if it is not there.

    A file that is there is never touched, however many processes start at once, and is never seen half written.
    """
    path = directory / "keys.env"
    if path.exists():
        return path
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f".keys-{secrets.token_hex(4)}.env"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(REMARK)
            file.writelines(f"{name}={secrets.token_urlsafe(KEY_BYTES)}\n" for name in NAMES)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link fails where another process was quicker: then its keys are the keys.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    return path
