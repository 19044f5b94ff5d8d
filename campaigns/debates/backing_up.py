"""Ballots in a restore: those of votes that are not counted do not come back."""

from pathlib import Path

from campaigns.debates.models import Ballot, BallotArrival, PaperSlip
from core.operations.backups import Part


def replay(folder: Path) -> str:
    """Delete the ballots, as the owner of the tables: some were replaced since the backup, or counted."""
    PaperSlip.objects.all().delete()
    count = sum(model.objects.all().delete()[0] for model in (BallotArrival, Ballot))
    return f"{count} ballots were deleted: ask their voters again, while the vote is open." if count else ""


PART = Part(None, replay, if_lost=True)
