"""Requests to erase, in words: for the resident who sees what became of them, and the companion who answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date
from vault.journal import sentences
from vault.records.grants import recipients
from vault.records.grants.recipients import Erasing
from vault.records.models import Grant, PaperKind
from vault.sharing.enums import ErasureCause, ErasureState
from vault.sharing.models import ErasureRequest

TAGS = {
    ErasureState.ASKED: "soon",
    ErasureState.LATE: "expired",
    ErasureState.CONFIRMED: "fresh",
    ErasureState.REFUSED: "expired",
}


def erasing(grant: Grant) -> Erasing:
    """Return how the recipient is asked; a kind that no app registers any more is asked by nobody."""
    try:
        return recipients.get(grant.recipient_kind).erasing
    except KeyError:
        return Erasing.NEVER


def rows(requests: Iterable[ErasureRequest], reasons: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """Return each request with its state, what was asked and until when, and why it was refused."""
    return [
        {
            "id": request.pk,
            "label": _("Demandé le %(day)s, %(cause)s")
            % {"day": long_date(request.created_at), "cause": str(ErasureCause(request.cause).label)},
            "text": _until(request, reasons.get(request.pk, "")),
            "what": labels(request.fields, request.papers),
            "tag": str(request.state.label),
            "tag_kind": TAGS[request.state],
            "open": not request.answer,
        }
        for request in requests
    ]


def labels(fields: Sequence[str], papers: Sequence[str]) -> list[str]:
    known = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=papers)} if papers else {}
    return [*sentences.labels(fields), *(str(known.get(code, _("Un papier"))) for code in papers)]


def for_companion(requests: Iterable[ErasureRequest]) -> list[dict[str, str]]:
    """Return the requests that a companion answers. The name of the resident is not said: they may have parted."""
    return [
        {
            "label": _("Effacer ce que vous avez lu : %(purpose)s") % {"purpose": _(request.grant.purpose)},
            "text": _("Demandé le %(day)s. Répondez avant le %(due)s.")
            % {"day": long_date(request.created_at), "due": long_date(request.due_at)},
            "href": reverse("sharing:answer_erasure", args=[request.pk]),
            "tag": str(request.state.label),
            "tag_kind": TAGS[request.state],
        }
        for request in requests
    ]


def _until(request: ErasureRequest, reason: str) -> str:
    if request.answered_at is None:
        return _("Réponse due le %(day)s.") % {"day": long_date(request.due_at)}
    day = {"day": long_date(request.answered_at), "reason": reason}
    return _("Réponse du %(day)s : « %(reason)s »") % day if reason else _("Réponse du %(day)s.") % day
