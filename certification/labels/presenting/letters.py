"""The letters of the city's decisions, always in French: they are administrative acts.

A letter names who decided, as the law requires of a decision (CRPA L212-1); the public register names nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import override

from accounts.models import Publisher, User
from certification.labels.enums import Change, Verdict
from certification.labels.models import LabelChange, LabelRequest
from certification.labels.presenting import wording
from certification.labels.states import State
from core.models import City
from core.pdf import apart
from core.templatetags.civic import long_date

#: How to contest a decision (CJA R421-1, CRPA L411-2).
APPEALS = (
    "Vous pouvez contester cette décision dans les deux mois qui suivent le jour où vous l’avez reçue. Par un recours"
    " gracieux : une lettre à la ville, qui dit pourquoi. Ou devant le tribunal administratif, sur place, par courrier"
    " ou sur www.telerecours.fr. Un recours gracieux fait dans ce délai le prolonge : vous avez alors deux mois à"
    " partir de la réponse de la ville, ou de deux mois sans réponse."
)
#: What follows, beside the reasons. In an urgent case nobody need be heard first (CRPA L121-2).
FINAL = {
    Change.WITHDRAW: (
        "Cette décision est définitive. Votre service ne lit plus rien. Les accords des habitants prennent fin, et un"
        " nouveau label ne les fait pas revenir. Vous recevez pour chacun une demande d’effacer, sous trente jours, ce"
        " que votre service a lu."
    ),
    Change.URGENT: (
        "Votre service ne lit plus rien, jusqu’à ce que deux agents lèvent la suspension. L’urgence dispensait de vous"
        " entendre avant (CRPA, article L121-2) : vous pouvez nous répondre maintenant. Les accords des habitants"
        " restent."
    ),
}
_OUTCOMES = {
    Change.LIFT: "levée de la suspension",
    Change.SUSPEND: "suspension %(of_the)s",
    Change.WITHDRAW: "retrait %(of_the)s",
    Change.URGENT: "suspension en urgence %(of_the)s",
}
#: The city's word, as letters say it.
_THE = {
    City.LabelWord.LABEL: {"the": "le label", "of_the": "du label"},
    City.LabelWord.HABILITATION: {"the": "l’habilitation", "of_the": "de l’habilitation"},
    City.LabelWord.REFERENCEMENT: {"the": "le référencement", "of_the": "du référencement"},
}


@dataclass(frozen=True)
class Part:
    title: str
    text: str


@dataclass(frozen=True)
class Letter:
    subject: str
    sender: list[str]
    recipient: list[str]
    day: str
    parts: list[Part]
    signed: str


def decision(request: LabelRequest) -> Letter:
    """Return the letter of a request that was decided on."""
    with override("fr"):
        accepted = request.state == State.ACCEPTED
        service = request.service
        what = "acceptée" if accepted else "refusée"
        return _letter(
            subject=f"Demande {request.number}, service « {service.name} » : {what}",
            publisher=service.publisher,
            by=request.decided_by,
            at=request.decided_at,
            parts=[*_of_decision(request, accepted=accepted)],
        )


def of_change(change: LabelChange) -> Letter:
    """Return the letter of a change that two agents agreed on, or of a suspension by one in an urgent case."""
    with override("fr"):
        service, word = change.label.service, wording.now().word
        outcome = _OUTCOMES[Change(change.what)] % _the()
        heard = change.answer or "Vous n’avez pas répondu dans le délai."
        parts = [Part("Les raisons", change.reasons)]
        if final := FINAL.get(Change(change.what)):
            parts.append(Part("Ce que cela change", final))
        if change.answer_until:
            parts.append(Part("Ce que vous avez répondu", heard))
        parts.append(Part("Comment contester", APPEALS))
        return _letter(
            subject=f"{word} {change.label.number}, service « {service.name} » : {outcome}",
            publisher=service.publisher,
            by=change.signed_by,
            at=change.decided_at,
            parts=parts,
        )


def pdf(letter: Letter) -> bytes:
    """Draw the letter; raises as `apart.draw_letter`."""
    return apart.draw_letter("labels/pdf/letter.html", letter)


def _the() -> dict[str, str]:
    return _THE[City.LabelWord(City.current().label_word)]


def _of_decision(request: LabelRequest, *, accepted: bool) -> Iterator[Part]:
    the = _the()["the"]
    if accepted:
        yield Part(
            "La décision",
            f"La ville accorde {the} pour {request.months} mois, sous la version {request.charter.number} de sa"
            " charte. Cela vaut à partir du jour où vous acceptez la convention, sur la page de votre service.",
        )
    else:
        yield Part("La décision", f"La ville refuse {the}, sous la version {request.charter.number} de sa charte.")
    yield Part("Les raisons", request.reasons)
    reviews = request.reviews.select_related("criterion")  # a filter would miss one that somebody changed
    lacking = [one for one in reviews if one.verdict in {Verdict.PARTLY, Verdict.NOT_MET}]
    if found := [f"{one.criterion.code} : {one.get_verdict_display().lower()}. {one.text}" for one in lacking]:
        yield Part("Les exigences de la charte", "\n\n".join(found))
    if request.remedies:
        yield Part(f"Comment obtenir {the}", request.remedies)
    yield Part("Comment contester", APPEALS)


def _letter(*, subject: str, publisher: Publisher, by: User | None, at: datetime | None, parts: list[Part]) -> Letter:
    city = City.current()
    return Letter(
        subject=subject,
        sender=[line for line in (city.label, city.address, city.email) if line],
        recipient=[publisher.name, f"SIRET {publisher.siret}"],
        day=long_date(at) if at else "",
        parts=parts,
        signed=f"{by.name}, pour la {city.label[:1].lower()}{city.label[1:]}" if by else "",
    )
