from core.models.base import ResidentManager, ResidentModel
from core.models.checkpoints import Checkpoint, JournalSeal
from core.models.city import City, LegalPage
from core.models.files import FileRow
from core.models.heads import RowHead
from core.models.help import HelpPage
from core.models.jobs import Job, WorkerBeat
from core.models.journal import JournalEntry, JournalLeaf
from core.models.keys import CityKey, ResidentKey, RowMac
from core.models.once import Used
from core.models.phones import Phone
from core.models.register import RegisterEntry
from core.models.uploads import Upload, UploadPart
from core.models.written import Written

__all__ = [
    "Checkpoint",
    "City",
    "CityKey",
    "FileRow",
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
    "Used",
    "WorkerBeat",
    "Written",
]
