"""Letters about what a recipient received, always in French: one asks it to erase, one complains to the CNIL.

They name fields and dates, never a value. The portal sends neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import override

from core.pdf import apart
from core.templatetags.civic import long_date
from vault.records.enums import GrantState
from vault.records.grants import recipients
from vault.records.grants.recipient_names import recipient_name
from vault.records.grants.recipients import Contact
from vault.records.models import Grant, GrantReading
from vault.sharing.enums import ErasureAnswer
from vault.sharing.models import ErasureRequest
from vault.sharing.presenting.erasures import labels

CNIL = ("CNIL", "Service des plaintes", "3 place de Fontenoy, TSA 80715", "75334 Paris Cedex 07")
#: Room to write by hand, in a letter that only its author can finish.
BLANK = "\n".join(["." * 60] * 3)


@dataclass(frozen=True)
class Part:
    title: str
    text: str


@dataclass(frozen=True)
class Letter:
    subject: str
    sender: Sequence[str]
    recipient: Sequence[str]
    day: str
    parts: Sequence[Part]
    signed: str


def asking(request: ErasureRequest, name: str) -> Letter:
    """Return the letter that asks a recipient to erase. Call it in the resident's scope."""
    grant = request.grant
    contact = recipients.get(grant.recipient_kind).contact(grant)
    with override("fr"):
        listed = "\n".join(f"– {label}" for label in labels(request.fields, request.papers))
        asked = (
            "Au titre de l’article 17 du règlement général sur la protection des données, je vous demande d’effacer"
            " ce que vous avez reçu, et toute copie. Si vous l’avez transmis, dites-le à qui l’a reçu (article 19)."
        )
        due = (
            f"Vous avez un mois pour me répondre (article 12.3), donc jusqu’au {long_date(request.due_at)}. Si vous"
            " refusez, dites-moi pourquoi (article 12.4)."
        )
        parts = [Part("De quoi il s’agit", _told(grant)), Part("Ce que vous avez reçu", listed)]
        return Letter(
            "Effacement de mes données personnelles",
            [name],
            contact.lines,
            long_date(request.created_at),
            [*parts, Part("Ce que je vous demande", f"{asked}\n\n{due}")],
            name,
        )


def complaint(grant: Grant, requests: Sequence[ErasureRequest], reasons: Sequence[str], name: str) -> Letter:
    """Return the complaint to the CNIL, with all that the portal knows. Call it in the resident's scope."""
    contact = recipients.get(grant.recipient_kind).contact(grant)
    with override("fr"):
        parts = [
            Part("Contre qui", _against(contact)),
            Part("De quoi il s’agit", f"{_told(grant)}\n{_notice(grant)}"),
            Part("Ce qui a été reçu", _received(grant)),
            Part("Ce que j’ai demandé", _asked(requests, reasons)),
            Part("Ce que je reproche", BLANK),
            Part("Ce que je vous demande", "Je vous demande d’examiner cette plainte (RGPD, article 77)."),
        ]
        subject = f"Plainte : données personnelles reçues par {recipient_name(grant)}"
        return Letter(subject, [name], CNIL, long_date(timezone.now()), parts, name)


def pdf(letter: Letter) -> bytes:
    """Draw the letter; raises as `apart.draw_letter`."""
    return apart.draw_letter("sharing/pdf/letter.html", letter)


def _told(grant: Grant) -> str:
    who, why = recipient_name(grant), grant.purpose
    if grant.in_emergency:
        sentence = f"Le {_day(grant.starts_at)}, {who} a eu un accès d’urgence à mes données, sans mon accord : {why}."
    else:
        sentence = f"Le {_day(grant.starts_at)}, j’ai donné mon accord à {who} : {why}."
    if grant.state == GrantState.STOPPED and grant.stopped_at:
        return f"{sentence} Il est arrêté depuis le {_day(grant.stopped_at)}."
    return f"{sentence} Il s’est terminé le {_day(grant.ends_at)}." if grant.state == GrantState.OVER else sentence


def _notice(grant: Grant) -> str:
    return f"Le texte que j’ai lu est la version {grant.notice_version}, d’empreinte SHA-256 {grant.notice_hash}."


def _against(contact: Contact) -> str:
    officer = f"Délégué à la protection des données, ou contact : {contact.officer}" if contact.officer else ""
    return "\n".join(filter(None, [*contact.lines, officer]))


def _received(grant: Grant) -> str:
    readings = list(GrantReading.objects.filter(grant=grant).order_by("line"))
    if not readings:
        return "Le journal de mon coffre n’a aucune lecture sous cet accord."
    fields = sorted({field for reading in readings for field in reading.fields})
    kinds = sorted({reading.paper_kind for reading in readings if reading.paper_kind})
    listed = [f"– {label}" for label in labels(fields, kinds)]
    last = f" et la dernière le {_day(readings[-1].at)}" if len(readings) > 1 else ""
    number = "Une lecture, le" if len(readings) == 1 else f"{len(readings)} lectures, la première le"
    return "\n".join([f"{number} {_day(readings[0].at)}{last} :", *listed])


def _asked(requests: Sequence[ErasureRequest], reasons: Sequence[str]) -> str:
    if not requests:
        return "Je n’ai pas encore demandé d’effacement."
    sentences = []
    for request, reason in zip(requests, reasons, strict=True):
        asked = f"Le {_day(request.created_at)}, l’effacement (article 17), à faire avant le {_day(request.due_at)}."
        sentences.append(f"{asked} {_answer(request, reason)}")
    return "\n".join(sentences)


def _answer(request: ErasureRequest, reason: str) -> str:
    if request.answered_at is None:
        return "Aucune réponse."
    day = _day(request.answered_at)
    if request.answer == ErasureAnswer.CONFIRMED:
        return f"Réponse du {day} : c’est effacé."
    return f"Réponse du {day} : refus. « {reason} »"


def _day(at: datetime) -> str:
    return str(long_date(at))
