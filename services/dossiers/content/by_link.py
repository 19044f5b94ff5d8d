"""Let a resident share a finished dossier by a link (see vault/records/grants/documents.py)."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.dossiers.enums import State
from services.dossiers.models import Dossier
from vault.records.grants.documents import Document, DocumentKind

CODE: Final = "dossier"


def ready_dossiers() -> list[Document]:
    """Return the resident's finished dossiers, without the expired ones. Requires the resident's scope."""
    return [
        _document(row)
        for row in Dossier.objects.filter(state=State.READY)
        .exclude(pk__in=Dossier.objects.expired())
        .select_related("seal")
    ]


def _document(row: Dossier) -> Document:
    title = _("Dossier %(number)s : %(aids)s") % {"number": row.number, "aids": row.name}
    return Document(
        id=row.pk,
        kind=CODE,
        title=title,
        name=row.file_name,
        row=row,
        sha256=row.seal.file_hash if row.seal else "",
        size=row.size,
        pages=row.pages,
        media_type="application/pdf",
    )


KIND = DocumentKind(CODE, gettext_lazy("Dossier"), ready_dossiers)
