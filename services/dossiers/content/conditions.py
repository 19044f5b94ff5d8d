"""Conditions on papers in the catalogue: answered from the vault, or turned into a question to the resident."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from services.dossiers.content.situation import OWNERS, Situation
from vault.records.models import PaperKind

Test = Callable[[Situation, PaperKind | None], bool | None]


@dataclass(frozen=True)
class Rule:
    """`test` returns True or False, or None to ask the resident `question`."""

    test: Test
    question: str | Promise


def unknown(_situation: Situation, _kind: PaperKind | None) -> None:
    return None


def always(_situation: Situation, _kind: PaperKind | None) -> bool:
    return True


def _foreign(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return {"autre": True, "FR": False, "UE": False}.get(situation.about("foyer.situation#/nationalite"))


def _wages(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return situation.earns_wages


def _family(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return bool(situation.children or situation.in_couple) if situation.household_known else None


def _children(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return bool(situation.children) if situation.household_known else None


def _teenager(situation: Situation, _kind: PaperKind | None) -> bool | None:
    ages = [child.age for child in situation.children or []]
    if not situation.household_known or (None in ages):
        return None
    return any(age is not None and 16 <= age <= 18 for age in ages)


def _separated(situation: Situation, _kind: PaperKind | None) -> bool | None:
    if situation.values.value("foyer.composition#/separation_recente"):
        return True
    return False if situation.children == [] or situation.in_couple else None


def _student(*activities: str) -> Test:
    def test(situation: Situation, _kind: PaperKind | None) -> bool | None:
        if situation.activity is not None:
            return situation.activity in activities
        return True if situation.values.latest("etudes.inscription", situation.resident_id) else None

    return test


def _occupancy(*statuses: str) -> Test:
    def test(situation: Situation, _kind: PaperKind | None) -> bool | None:
        return situation.occupancy in statuses if situation.occupancy else None

    return test


def _expecting(situation: Situation, _kind: PaperKind | None) -> bool | None:
    answer: bool | None = situation.about("foyer.situation#/enceinte")
    return answer


def _unread(situation: Situation, kind: PaperKind | None) -> bool:
    """Return True if the vault has no proven value that replaces the paper."""
    return not any(situation.proven(type_code) for type_code in (kind.proves if kind else []))


def _housing_aid(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return situation.gets_housing_aid


def _disability(situation: Situation, _kind: PaperKind | None) -> bool | None:
    return True if situation.values.latest("handicap.decision") else None


RULES: Mapping[str, Rule] = {
    "compte au nom du bénéficiaire": Rule(always, ""),
    "carte nominative": Rule(always, ""),
    "si nationalité hors UE": Rule(_foreign, _("Avez-vous une nationalité d’un pays hors de l’Union européenne ?")),
    "si salaire": Rule(_wages, _("Quelqu’un de votre foyer touche-t-il un salaire ?")),
    "si salarié": Rule(_wages, _("Êtes-vous salarié ?")),
    "s’il y a des enfants ou un conjoint": Rule(_family, _("Vivez-vous avec un conjoint ou des enfants ?")),
    "pour chaque enfant": Rule(_children, _("Avez-vous des enfants à charge ?")),
    "enfant né": Rule(_children, _("Votre enfant est-il né ?")),
    "après la naissance": Rule(_children, _("Votre enfant est-il né ?")),
    "enfant à naître": Rule(_expecting, _("Attendez-vous un enfant ?")),
    "avant la naissance": Rule(_expecting, _("Attendez-vous un enfant ?")),
    "de 16 à 18 ans": Rule(_teenager, _("Avez-vous un enfant de 16 à 18 ans ?")),
    "si parents séparés": Rule(_separated, _("Les parents sont-ils séparés ?")),
    "si étudiant ou apprenti": Rule(_student("etudiant", "apprenti"), _("Êtes-vous étudiant ou apprenti ?")),
    "si étudiant": Rule(_student("etudiant"), _("Êtes-vous étudiant ?")),
    "si propriétaire": Rule(_occupancy(*OWNERS), _("Êtes-vous propriétaire de votre logement ?")),
    "si propriétaire d’autres biens": Rule(unknown, _("Possédez-vous un autre logement ou un terrain ?")),
    "si hébergé": Rule(_occupancy("loge_gratuitement"), _("Quelqu’un vous héberge-t-il ?")),
    "si la ville ne peut pas lire le quotient": Rule(_unread, ""),
    "si la ville ne peut pas lire la donnée": Rule(_unread, ""),
    "si la donnée ne peut pas être lue": Rule(_unread, ""),
    "si aide au logement": Rule(_housing_aid, _("Recevez-vous une aide au logement ?")),
    "si handicap dans la fratrie": Rule(_disability, _("Un enfant de la famille a-t-il un handicap reconnu ?")),
    "si protection juridique": Rule(unknown, _("Êtes-vous sous tutelle, curatelle ou habilitation familiale ?")),
    "si une décision existe": Rule(unknown, _("Un juge ou un notaire a-t-il fixé une pension ou une garde ?")),
    "pour chaque frère ou sœur étudiant": Rule(unknown, _("Avez-vous un frère ou une sœur étudiant ?")),
    "fin de droits": Rule(unknown, _("Vos droits au chômage sont-ils finis ?")),
    "si demande au guichet": Rule(unknown, _("Allez-vous déposer la demande au guichet ?")),
    "si le code n’est pas arrivé": Rule(unknown, _("Le code n’est-il pas arrivé ?")),
    "première inscription": Rule(unknown, _("Est-ce une première inscription ?")),
    "critère d’activité": Rule(unknown, _("Travaillez-vous, étudiez-vous ou cherchez-vous un emploi ?")),
    "à l’admission seulement": Rule(unknown, _("Votre enfant a-t-il déjà une place ?")),
    "seulement si le département l’exige": Rule(unknown, _("Le département vous l’a-t-il demandé ?")),
    "facture impayée ou relance": Rule(always, ""),
}


def rule(condition: str | None) -> Rule:
    """Return the rule of a catalogue condition. A condition without a rule, added by the city, becomes a question."""
    if not condition:
        return Rule(always, "")
    known = RULES.get(condition)
    return known or Rule(
        unknown, gettext("Ce papier sert seulement dans ce cas : %(case)s. Est-ce le vôtre ?") % {"case": condition}
    )
