"""The state of a paper that a companion or an agent added for a resident, and nothing read on it."""

from uuid import UUID

from django.core import signing
from django_scopes import scope

from vault.records.enums import PaperState
from vault.records.models import Grant, Paper

#: For how long the one who added it may look.
LASTS = 24 * 3600


def ticket(*, grant: Grant, paper: Paper) -> str:
    """Return a signed text that names the paper, for the URL of the page of its state under this grant."""
    return signing.dumps(str(paper.pk), salt=_salt(grant))


def state_of(*, grant: Grant, sent: str) -> PaperState | None:
    """Return the state of the paper, or None if the ticket is not of this grant, is over, or the paper was deleted.

    Check first that the grant is active.
    """
    paper_id = paper_of(grant=grant, sent=sent)
    if paper_id is None:
        return None
    with scope(resident=grant.resident_id):
        state = Paper.objects.filter(pk=paper_id).values_list("state", flat=True).first()
    return PaperState(state) if state else None


def paper_of(*, grant: Grant, sent: str) -> UUID | None:
    """Return the paper's id, or None if the ticket is not of this grant, or is over."""
    try:
        return UUID(signing.loads(sent, salt=_salt(grant), max_age=LASTS))
    except (signing.BadSignature, ValueError):
        return None


def _salt(grant: Grant) -> str:
    return f"sent paper {grant.pk}"
