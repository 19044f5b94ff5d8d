"""The word that the city chose for its labels, in the sentences of pages.

The law keeps "certification" for others (Code de la consommation, L433-3): it is never offered.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.models import City


@dataclass(frozen=True)
class Wording:
    word: str | Promise
    services: str | Promise
    registry: str | Promise
    says: str | Promise
    since: str | Promise
    all: str | Promise
    none: str | Promise
    no_certification: str | Promise
    not_now: str | Promise
    beyond: str | Promise
    ask: str | Promise
    give_up: str | Promise


WORDINGS = {
    City.LabelWord.LABEL: Wording(
        word=_("Label"),
        services=_("Services labellisés"),
        registry=_("Registre des labels"),
        says=_("Ce que dit le label"),
        since=_("Label depuis"),
        all=_("Les labels"),
        none=_("Aucun label pour le moment"),
        no_certification=_("Un label, pas une certification"),
        not_now=_("Ce service n’a pas de label en cours"),
        beyond=_("Ce service demande plus que son label"),
        ask=_("Demander un label"),
        give_up=_("Rendre le label"),
    ),
    City.LabelWord.HABILITATION: Wording(
        word=_("Habilitation"),
        services=_("Services habilités"),
        registry=_("Registre des habilitations"),
        says=_("Ce que dit l’habilitation"),
        since=_("Habilitation depuis"),
        all=_("Les habilitations"),
        none=_("Aucune habilitation pour le moment"),
        no_certification=_("Une habilitation, pas une certification"),
        not_now=_("Ce service n’a pas d’habilitation en cours"),
        beyond=_("Ce service demande plus que son habilitation"),
        ask=_("Demander une habilitation"),
        give_up=_("Rendre l’habilitation"),
    ),
    City.LabelWord.REFERENCEMENT: Wording(
        word=_("Référencement"),
        services=_("Services référencés"),
        registry=_("Registre des référencements"),
        says=_("Ce que dit le référencement"),
        since=_("Référencé depuis"),
        all=_("Les référencements"),
        none=_("Aucun référencement pour le moment"),
        no_certification=_("Un référencement, pas une certification"),
        not_now=_("Ce service n’est pas référencé aujourd’hui"),
        beyond=_("Ce service demande plus que son référencement"),
        ask=_("Demander un référencement"),
        give_up=_("Renoncer au référencement"),
    ),
}


def now() -> Wording:
    """Return the wording of the city's choice. Cost: one query."""
    return WORDINGS[City.LabelWord(City.current().label_word)]
