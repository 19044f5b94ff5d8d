"""Items missing from a request before it may be sent, in the order of its pages."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from certification.labels import levels
from certification.labels.enums import Verdict
from certification.labels.models import LabelRequest, Purpose
from certification.labels.models.request import LONGEST_KEEPING

#: Words that say no purpose (C03).
VAGUE = ("améliorer nos services", "finalités commerciales", "usage interne", "divers", "etc.", "notamment")


@dataclass(frozen=True)
class Missing:
    code: str
    text: str


def missing(request: LabelRequest) -> list[Missing]:
    return [*_of_description(request), *_of_purposes(request), *_of_answers(request)]


def _of_description(request: LabelRequest) -> Iterator[Missing]:
    named = {
        "privacy_url": _("L’adresse de la politique de confidentialité."),
        "hosting": _("L’hébergement."),
        "subprocessors": _("Les sous-traitants, ou « Aucun »."),
        "data_contact": _("Le contact pour les données."),
        "alert_contact": _("Le contact d’astreinte."),
    }
    for name, text in named.items():
        if not getattr(request, name):
            yield Missing(name, text)


def _of_purposes(request: LabelRequest) -> Iterator[Missing]:
    purposes = levels.purposes(request)
    if not purposes:
        yield Missing("purposes", _("Un but au moins."))
    for purpose in purposes:
        for text in problems_of(purpose):
            yield Missing("purposes", f"{purpose.title} : {text}")


def problems_of(purpose: Purpose) -> Iterator[str]:
    """Yield what the charter does not accept of a purpose (C03, C04, C06)."""
    if not purpose.fields.all() and not purpose.papers.all():
        yield _("il ne demande rien.")
    for word in VAGUE:
        if word in purpose.text.lower():
            yield _("« %(word)s » est trop vague.") % {"word": word}
    if purpose.keep_days and purpose.keep_days > LONGEST_KEEPING:
        yield _("36 mois de conservation au plus.")


def _of_answers(request: LabelRequest) -> Iterator[Missing]:
    answers = {one.criterion_id: one for one in request.answers.all()}
    for criterion in levels.criteria(request):
        said = answers.get(criterion.pk)
        if said is None:
            yield Missing(criterion.code, _("Une réponse à l’exigence %(code)s.") % {"code": criterion.code})
        elif criterion.blocking and said.verdict == Verdict.NOT_MET:
            yield Missing(
                criterion.code,
                _("L’exigence %(code)s est bloquante : sans elle, la ville refuse.") % {"code": criterion.code},
            )
