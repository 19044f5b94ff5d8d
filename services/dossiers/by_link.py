"""A finished dossier may go by a link (vault/records/grants/documents.py): its resident chooses it there as they choose a paper."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.dossiers.enums import State
from services.dossiers.models import Dossier
from vault.records.grants.documents import Document, DocumentKind

CODE: Final = "dossier"


def held() -> list[Document]:
    """In the resident's scope: those whose PDF is there. One whose day has come is erased within the hour, and not shown any more."""
    return [
        _document(row) for row in Dossier.objects.filter(state=State.READY).exclude(pk__in=Dossier.objects.expired())
    ]


def _document(row: Dossier) -> Document:
    title = _("Dossier %(number)s : %(aids)s") % {"number": row.number, "aids": row.name}
    return Document(row.pk, CODE, title, row.file_name, row.stored_name, row.size, row.pages, "application/pdf")


KIND = DocumentKind(CODE, gettext_lazy("Dossier"), held)
