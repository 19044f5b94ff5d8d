"""Conditions on papers: answered from the vault, or turned into a question to the resident."""

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from services.aids.catalogue import Condition, in_words
from services.dossiers.content.situation import Situation
from vault.records.models import PaperKind

#: Returns True or False, or None to ask the resident.
Test = Callable[[Condition, Situation, PaperKind | None], bool | None]


def _wages(_condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    return situation.earns_wages


def _family(_condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    return bool(situation.children or situation.in_couple) if situation.household_known else None


def _children(condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    if not situation.household_known:
        return None
    if condition.age_min is None and condition.age_max is None:
        return bool(situation.children)
    least, most = condition.age_min or 0, 150 if condition.age_max is None else condition.age_max
    ages = [child.age for child in situation.children or []]
    if any(age is not None and least <= age <= most for age in ages):
        return True
    return None if None in ages else False


def _separated(_condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    if situation.values.value("foyer.composition#/separation_recente"):
        return True
    return False if situation.children == [] or situation.in_couple else None


def _activity(condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    if situation.activity is not None:
        return situation.activity in condition.values
    studies = "etudiant" in condition.values and situation.values.latest("etudes.inscription", situation.resident_id)
    return True if studies else None


def _housing_aid(_condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    return situation.gets_housing_aid


def _unread(_condition: Condition, situation: Situation, kind: PaperKind | None) -> bool:
    """Return True if the vault has no proven value that replaces the paper."""
    return not any(situation.proven(type_code) for type_code in (kind.proves if kind else []))


def _value(condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    found = situation.about(condition.field)
    return None if found is None else found in condition.values


def _held(condition: Condition, situation: Situation, _kind: PaperKind | None) -> bool | None:
    return True if situation.values.latest(condition.of) else None


def _ask(_condition: Condition, _situation: Situation, _kind: PaperKind | None) -> None:
    return None


TESTS: Mapping[str, Test] = {
    "wages": _wages,
    "family": _family,
    "children": _children,
    "separated": _separated,
    "activity": _activity,
    "housing_aid": _housing_aid,
    "unread": _unread,
    "value": _value,
    "held": _held,
    "ask": _ask,
}
#: Questions of the conditions that bring none of their own.
QUESTIONS: Mapping[str, Promise] = {
    "wages": _("Quelqu’un de votre foyer touche-t-il un salaire ?"),
    "family": _("Vivez-vous avec un conjoint ou des enfants ?"),
    "children": _("Avez-vous des enfants à charge ?"),
    "separated": _("Les parents sont-ils séparés ?"),
    "activity": _("Êtes-vous étudiant ou apprenti ?"),
    "housing_aid": _("Recevez-vous une aide au logement ?"),
}


def answer(condition: Condition | None, situation: Situation, kind: PaperKind | None) -> bool | None:
    return True if condition is None else TESTS[condition.type](condition, situation, kind)


def question(condition: Condition) -> str | Promise:
    """Return the question to ask, in the page's language; that of a city stays as it is written."""
    if condition.type == "children" and condition.age_min is not None and condition.age_max is not None:
        ages = {"least": condition.age_min, "most": condition.age_max}
        return _("Avez-vous un enfant de %(least)s à %(most)s ans ?") % ages
    return in_words(condition.question) if condition.question else QUESTIONS[condition.type]
