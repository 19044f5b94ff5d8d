"""Freezing a publication: its exact text, the hash, the chain, the signature."""

import hashlib
import logging
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from campaigns.contributions.models import Publication
from campaigns.noise.publication import Publication as Drawn
from core.journal import signed_notes

logger = logging.getLogger(__name__)


def log_name() -> str:
    """Return the name under which publications are signed."""
    return f"{settings.TENANT}/publications"


def previous_of(campaign_id: UUID) -> str:
    """Return the hash of a campaign's last publication, or "" before the first one."""
    found = believed(Publication.objects.filter(campaign_id=campaign_id))
    followed = {one.previous_sha256 for one in found}
    return next((one.sha256 for one in found if one.sha256 not in followed), "")


def frozen(*, campaign_id: UUID, window: str, drawn: Drawn, previous: str) -> Publication:
    """Return a publication that is signed and not saved.

    Raises:
        KeyUnusable: the key of the checkpoints cannot sign.
    """
    note = signed_notes.sign_text(_statement(campaign_id, window, drawn.sha256, previous), log_name())
    return Publication(
        campaign_id=campaign_id,
        window=window,
        published_on=timezone.localdate(),
        document=drawn.as_bytes().decode(),
        sha256=drawn.sha256,
        previous_sha256=previous,
        note=note,
    )


def believed(found: Iterable[Publication]) -> list[Publication]:
    """Return the publications that the portal signed as they are. Another one is logged, and left out.

    So are all of them if the keys cannot be read, which the log says too.
    """
    return [one for one in found if _is_signed(one)]


def _is_signed(publication: Publication) -> bool:
    try:
        wrong = problems(publication)
    except signed_notes.KeyUnusable as error:
        wrong = [str(error)]
    if wrong:
        logger.error("a publication is not what the portal signed", extra={"code": str(publication.pk)})
    return not wrong


def problems(publication: Publication) -> list[str]:
    """Return what does not agree between a publication, its hash and its signature.

    Raises:
        KeyUnusable: the keys cannot be read.
    """
    found = []
    if hashlib.sha256(publication.document.encode()).hexdigest() != publication.sha256:
        found.append("the document is not the one of the hash")
    try:
        text = signed_notes.read_text(publication.note, log_name())
    except signed_notes.Forged:
        return [*found, "the note was not signed by this portal"]
    signed = _statement(publication.campaign_id, publication.window, publication.sha256, publication.previous_sha256)
    return [*found, *([] if text == signed else ["the note is about another publication"])]


def _statement(campaign_id: UUID, window: str, sha256: str, previous: str) -> str:
    return "\n".join([log_name(), str(campaign_id), window, sha256, previous or "first"]) + "\n"
