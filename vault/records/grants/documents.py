"""Documents that a service made and keeps sealed for a resident, such as a finished dossier. A link may include them.

The app that makes documents registers their kind in `AppConfig.ready()`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from core.models import FileRow
from vault.records.models import Grant, GrantDocument


@dataclass(frozen=True)
class Document:
    """One document as its row describes it, without decrypting. `name` is the file name of its download, and `sha256`
    the hash of its bytes.
    """

    id: UUID
    kind: str
    title: str
    name: str
    row: FileRow
    sha256: str
    size: int
    pages: int
    media_type: str


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document.

    `held` returns the current documents; call it in the resident's scope. Each download writes the journal event
    `granted_<code>_downloaded`, whose sentence the app registers.
    """

    code: str
    label: str | Promise
    held: Callable[[], list[Document]]


_kinds: dict[str, DocumentKind] = {}


def register(kind: DocumentKind) -> None:
    _kinds[kind.code] = kind


def labels() -> dict[str, str]:
    return {code: str(kind.label) for code, kind in _kinds.items()}


def held() -> list[Document]:
    """Return the resident's current documents of every kind. Call it in their scope."""
    return [document for kind in _kinds.values() for document in kind.held()]


def opened_by(grant: Grant) -> list[Document]:
    """Return the documents of a grant that still exist.

    Call it in the resident's scope; the gate decides whether to decrypt.
    """
    given = set(GrantDocument.objects.filter(grant=grant).values_list("document_id", flat=True))
    return [document for document in held() if document.id in given] if given else []
