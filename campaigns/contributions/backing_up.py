"""Contributions in a restore: those that no publication counted do not come back."""

from pathlib import Path

from campaigns.contributions import across
from core.operations.backups import Part


def replay(folder: Path) -> str:
    count = across.forget_uncounted()
    return f"{count} contributions to campaigns were deleted: ask their residents again." if count else ""


PART = Part(None, replay, if_lost=True)
