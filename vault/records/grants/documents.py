"""Documents: what a service made with a resident and keeps sealed for them, such as a finished dossier, and that a link may carry.

The app that makes them registers their kind in `AppConfig.ready()`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from vault.records.models import Grant, GrantDocument


@dataclass(frozen=True)
class Document:
    """One, as its row tells it: nothing is opened. `name`: what its download is called."""

    id: UUID
    kind: str
    title: str
    name: str
    stored_name: str
    size: int
    pages: int
    media_type: str


@dataclass(frozen=True)
class DocumentKind:
    """`held`, in the resident's scope: those that exist today. Each download is the journal's event `granted_<code>_downloaded`, for which
    the app registers a sentence."""

    code: str
    label: str | Promise
    held: Callable[[], list[Document]]


_kinds: dict[str, DocumentKind] = {}


def register(kind: DocumentKind) -> None:
    _kinds[kind.code] = kind


def labels() -> dict[str, str]:
    return {code: str(kind.label) for code, kind in _kinds.items()}


def held() -> list[Document]:
    """In the resident's scope."""
    return [document for kind in _kinds.values() for document in kind.held()]


def opened_by(grant: Grant) -> list[Document]:
    """Of those that it was given for, the ones that are still there; in the resident's scope. Whether it opens them the gate says."""
    given = set(GrantDocument.objects.filter(grant=grant).values_list("document_id", flat=True))
    return [document for document in held() if document.id in given] if given else []
