"""The agreement by which a resident sends a request: one for each, since its end is a date that they chose."""

from datetime import datetime, time
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from services.requests import across, ending
from services.requests.enums import OFFICE_KIND, PREFIX
from services.requests.models import SentRequest
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, WriteItem

VERSION = "1"
TITLE = _("Envoyer une demande")
PURPOSE = gettext_noop("Étudier une demande que vous avez envoyée, et y répondre")
DECISION = "droit.decision"
#: The words of the agreement. `%(name)s` is the office.
WORDS = (
    _("%(name)s reçoit une copie de ce dossier, et rien d’autre de votre coffre."),
    _("Chaque ouverture est dans votre journal, avec le nom de l’agent."),
    _("Sa décision arrive dans votre coffre."),
    _("Arrêter ce partage retire la demande, tout de suite."),
    _("Le jour dit, la copie est effacée."),
)


def code_of(request_id: UUID) -> str:
    return f"{PREFIX}:{request_id.hex}"


def resolve(id: str) -> Agreement | None:
    """Return the agreement of a request by the id in its code, or None without such a request."""
    try:
        found = across.by_id(UUID(hex=id))
    except (ValueError, ValidationError):
        return None
    return made(found) if found else None


def made(request: SentRequest) -> Agreement:
    return Agreement(
        code=code_of(request.pk),
        version=VERSION,
        title=TITLE,
        purpose=PURPOSE,
        words=WORDS,
        items=(),
        modes=(Mode.KEEP,),
        uses={Mode.KEEP: _("Une copie du dossier, pour l’étudier et répondre")},
        copied=True,
        until=ends_at(request),
        renewable=False,
        recipient_kind=OFFICE_KIND,
        writes=(WriteItem(DECISION, _("La décision sur votre demande")),),
        free=True,
        stopping=WORDS[3],
        ended=ending.ended,
    )


def ends_at(request: SentRequest) -> datetime:
    return timezone.make_aware(datetime.combine(request.keep_until, time()))
