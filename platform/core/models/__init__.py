from core.models.base import ResidentManager, ResidentModel
from core.models.checkpoints import Checkpoint, JournalSeal
from core.models.city import City, LegalPage
from core.models.heads import RowHead
from core.models.help import HelpPage
from core.models.jobs import Job, WorkerBeat
from core.models.journal import JournalEntry, JournalLeaf
from core.models.keys import CityKey, ResidentKey, RowMac
from core.models.phones import Phone
from core.models.register import RegisterEntry
from core.models.uploads import Upload, UploadPart

__all__ = [
    "Checkpoint",
    "City",
    "CityKey",
    "HelpPage",
    "Job",
    "JournalEntry",
    "JournalLeaf",
    "JournalSeal",
    "LegalPage",
    "Phone",
    "RegisterEntry",
    "ResidentKey",
    "ResidentManager",
    "ResidentModel",
    "RowHead",
    "RowMac",
    "Upload",
    "UploadPart",
    "WorkerBeat",
]
