"""What a resident does with their own journal: take a copy of it."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from vault import journal_copies, perms
from vault.enums import CopyFormat

COPY = gettext_noop("Garder une copie de votre journal")


def copy_journal(*, resident_id: UUID, by: UUID, form: CopyFormat) -> bytes:
    """The whole journal; as a PDF, its last lines. Its own line is written first, so that it is in the copy.

    Raises:
        core.pdf.apart.NotDrawn
    """
    perms.require_may_write(resident_id, by)
    with transaction.atomic():
        journal.write(resident_id=resident_id, actor_id=by, event="journal_copied", purpose=COPY, details={"format": form})
    with scope(resident=resident_id):
        return journal_copies.make(resident_id, form)
