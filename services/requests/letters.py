"""The letters of a request, always in French: the receipt, the decision, the proof that the copy is gone, the appeal.

Law: the receipt says when and where the request was received, until when an answer is due, what silence means and how
to appeal (CRPA L112-3, R112-5), and what is missing (L114-5). A refusal has its reasons (L211-2) and the appeals (CJA
R421-5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import override

from core.models import City
from core.pdf import apart
from core.templatetags.civic import clock as hour
from core.templatetags.civic import long_date
from services.requests import clock
from services.requests.enums import LetterKind, State
from services.requests.lines import Content
from services.requests.models import SentRequest

TEMPLATE = "requests/pdf/letter.html"
SOMEBODY = "La personne qui demande"


@dataclass(frozen=True)
class Part:
    title: str
    text: str


@dataclass(frozen=True)
class Letter:
    sender: Sequence[str]
    recipient: Sequence[str]
    day: str
    subject: str
    parts: Sequence[Part]
    signed: str


def draw(kind: LetterKind, request: SentRequest, content: Content | None, decision: Mapping[str, Any]) -> bytes:
    """Return the PDF of a letter from the office. Cost: about a second, in a child process.

    Raises:
        NotDrawn
    """
    with override("fr"):
        return apart.draw_letter(TEMPLATE, _letter(kind, request, content, decision))


def draw_appeal(request: SentRequest, decision: Mapping[str, Any], applicant: str) -> bytes:
    """Return the PDF by which the resident asks the office to look again at a refusal, or at its silence.

    Raises:
        NotDrawn
    """
    with override("fr"):
        return apart.draw_letter(TEMPLATE, _appeal(request, decision, applicant))


def _letter(kind: LetterKind, request: SentRequest, content: Content | None, decision: Mapping[str, Any]) -> Letter:
    parts = {
        LetterKind.RECEIPT: lambda: _receipt(request, content),
        LetterKind.DECISION: lambda: _decision(request, decision),
        LetterKind.GONE: lambda: _gone(request),
    }[kind]()
    return Letter(
        sender=_office(request),
        recipient=(content.applicant if content else SOMEBODY,),
        day=long_date(timezone.localdate()),
        subject=f"{kind.label}, demande n° {request.number}",
        parts=parts,
        signed=f"Pour {request.organisation.name}, le portail de {City.current().label}",
    )


def _office(request: SentRequest) -> list[str]:
    office = request.organisation
    return [line for line in (office.name, office.address, office.phone) if line]


def _receipt(request: SentRequest, content: Content | None) -> list[Part]:
    received = timezone.localtime(request.sent_at)
    due = clock.due(received.date(), 0, request.terms.months)
    missing = list(content.left_out) if content else []
    parts = [
        Part(
            "Ce que nous avons reçu",
            f"Votre demande « {request.title} », le {long_date(received.date())} à {hour(received)}, sous le numéro"
            f" {request.number}. Elle a {len(request.codes)} lignes."
            + (f" Empreinte SHA-256 du dossier : {content.file_hash}." if content else ""),
        ),
        Part("Qui l’étudie", ", ".join(_office(request)) + "."),
        Part(
            "Quand vous aurez une réponse",
            f"Au plus tard le {long_date(due)}. {_silence(request)} Une correction que le service vous"
            " demande arrête ce délai jusqu’à votre réponse (article L114-5).",
        ),
        Part(
            "Si c’est refusé" if request.silence_grants else "Si c’est refusé, ou sans réponse",
            _appeals(None, request),
        ),
    ]
    if missing:
        parts.insert(1, Part("Ce qui manque", "\n".join(missing)))
    return parts


def _decision(request: SentRequest, decision: Mapping[str, Any]) -> list[Part]:
    decided = timezone.localdate(request.decided_at)
    who = f"Proposée par {decision.get('instructor', '')}, décidée par {_decider(request)}, le {long_date(decided)}."
    if request.state == State.REFUSED:
        return [
            Part("Motif du refus", decision.get("reason", "")),
            Part("La décision", f"Votre demande « {request.title} » est refusée. {who}"),
            Part("Pour contester", _appeals(decided, request)),
        ]
    dates = [
        f"{word} {long_date(date.fromisoformat(decision[name]))}"
        for word, name in (("À partir du", "starts_on"), ("Jusqu’au", "ends_on"))
        if decision.get(name)
    ]
    parts = [Part("Ce qui est accordé", ". ".join([decision.get("given", "").rstrip("."), *dates]) + ".")]
    if decision.get("reason"):
        parts.append(Part("Pourquoi", decision["reason"]))
    return [
        *parts,
        Part("La décision", f"Votre demande « {request.title} » est accordée. {who}"),
        Part("Pour contester", _appeals(decided, request)),
    ]


def _gone(request: SentRequest) -> list[Part]:
    today = long_date(timezone.localdate())
    return [
        Part(
            "Ce qui est effacé",
            f"La copie de votre demande n° {request.number}, reçue le"
            f" {long_date(timezone.localdate(request.sent_at))}, est effacée le {today}. Le service ne peut plus"
            " l’ouvrir.",
        )
    ]


def _silence(request: SentRequest) -> str:
    if request.silence_grants:
        return (
            "Sans réponse à cette date, votre demande est acceptée (code des relations entre le public et"
            " l’administration, article L231-1) : le service l’atteste si vous le demandez (article L232-3)."
        )
    if request.terms.appeals:
        return "Sans réponse à cette date, votre demande est refusée."
    return (
        "Sans réponse à cette date, votre demande est refusée (code des relations entre le public et"
        " l’administration, article L231-4, 3°)."
    )


def _appeals(decided: date | None, request: SentRequest) -> str:
    own = [
        f"{one.step}. {one.to}" + (f", dans les {one.deadline_months} mois" if one.deadline_months else "")
        for one in request.terms.appeals
    ]
    if own:
        return "\n".join([*own, "Le médiateur de la ville est gratuit, à tout moment."])
    until = f"jusqu’au {long_date(clock.appeal_until(decided))}" if decided else "dans les deux mois"
    return (
        f"Vous pouvez demander au service de revoir sa décision, {until}. Vous pouvez aussi saisir le tribunal"
        f" administratif, {until}. Le médiateur de la ville est gratuit, à tout moment."
    )


def _decider(request: SentRequest) -> str:
    return request.decided_by.name if request.decided_by else ""


def _appeal(request: SentRequest, decision: Mapping[str, Any], applicant: str) -> Letter:
    sent = long_date(timezone.localdate(request.sent_at))
    if request.state == State.REFUSED:
        what = f"Le {long_date(timezone.localdate(request.decided_at))}, vous l’avez refusée."
        why = f"Vous m’avez donné ce motif : « {decision.get('reason', '')} »"
    else:
        what = f"Le délai de réponse est passé le {long_date(request.clock().due)}. C’est un refus."
        why = "Je vous demande les motifs de ce refus (article L232-4 du code des relations entre le public et"
        why += " l’administration)."
    return Letter(
        sender=(applicant or SOMEBODY,),
        recipient=_office(request),
        day=long_date(timezone.localdate()),
        subject=f"Recours gracieux, demande n° {request.number}",
        parts=[
            Part("Ma demande", f"Le {sent}, je vous ai demandé : {request.title}. {what} {why}"),
            Part("Ce que je vous demande", "De revoir cette décision, au vu des papiers joints à ma demande."),
        ],
        signed=applicant or SOMEBODY,
    )
