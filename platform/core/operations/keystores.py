"""The deletion of the wrapped keys that backups keep, before they are 30 days old."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

from core.operations.backups import MADE
from core.operations.conditions import NotPossible

#: Residents are told 30 days. Each night deletes what would be older before the next one.
KEYS_KEPT = timedelta(days=29)


def forget_keystores(folder: Path) -> list[Path]:
    """Delete the wrapped keys of the backups in a folder that would be older than 30 days before tomorrow night.

    Those of the newest backup are not deleted: backups have stopped for a month, or the clock is wrong.

    Raises:
        NotPossible: it is not the folder of all backups, the newest one is too old, or one could not be deleted.
    """
    try:
        made = sorted((_made_at(dump.parent), dump.parent) for dump in folder.glob("*/keystore/keys.dump"))
        if not folder.is_dir():
            raise NotPossible(f"{folder} is not there: name the folder that has a folder for each backup.")
        if (folder / "keystore").exists():
            raise NotPossible(f"{folder} is one backup: name the folder that has a folder for each.")
        if not made and any(folder.iterdir()):
            raise NotPossible(f"{folder} has files and no backup: name the folder that has a folder for each backup.")
        if not made:
            return []
        last, newest = made[-1]
        for at, keystore in made[:-1]:
            if at <= timezone.now() - KEYS_KEPT:
                shutil.rmtree(keystore)
    except OSError as error:
        raise NotPossible(f"Old keys could not be deleted: {error}.") from None
    if last <= timezone.now() - KEYS_KEPT:
        raise NotPossible(
            f"By this machine's clock even the last backup is of {last:%Y-%m-%d}. Set the clock if it is wrong, or"
            f" make a backup; then this command deletes {newest}, as residents were told."
        )
    return [keystore for _at, keystore in made if not keystore.exists()]


def _made_at(keystore: Path) -> datetime:
    """Return when wrapped keys were dumped. A version before wrote no file that says so: the dump's own time."""
    try:
        return datetime.fromisoformat((keystore / MADE).read_text())
    except (FileNotFoundError, ValueError):
        return datetime.fromtimestamp((keystore / "keys.dump").stat().st_mtime, UTC)
