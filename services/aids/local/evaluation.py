"""Evaluate an aid of the city, whose conditions and amount are data.

A condition is `yes`, `no`, `missing` (a fact is unknown) or `manual` (checked by an agent). In an "all" group, no wins
over missing, missing over manual and manual over yes; in an "any" group, yes wins. An unknown fact never counts as
zero. The kinds of condition are in `conditions`, those of amount in `amounts`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from core.templatetags.civic import money, number
from services.aids.local import amounts
from services.aids.local.conditions import KINDS
from services.aids.local.conditions.kinds import MANUAL, MISSING, NO, YES, Facts, Rule, day_or, inverse

STATUS: Final = {YES: "granted", NO: "refused", MISSING: "unknown", MANUAL: "to_check"}


@dataclass(frozen=True, slots=True)
class LocalReason:
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Outcome:
    status: str
    amount: float | None
    reasons: tuple[LocalReason, ...] = ()
    #: True if the status or the amount depends on an unknown value.
    waits: bool = False


def evaluate(aid: Rule, facts: Facts, today: date, *, explained: bool = True) -> Outcome:
    """Evaluate an aid for one person or household on a day. The amount is None if it depends on an unknown price.

    Args:
        explained: False leaves the reasons out, whose words take most of the time.
    """
    day = day_of(facts, today)
    if not _open(aid, day):
        closed = (LocalReason(_("Cette aide n’est pas ouverte à cette date."), NO),) if explained else ()
        return Outcome("refused", None, closed)
    answer = read(aid["conditions"], facts, aid, day)
    amount = amounts.amount_of(aid["amount"], facts) if answer in {YES, MANUAL} else None
    waits = answer == MISSING or (answer != NO and amounts.lacks(aid["amount"], facts))
    reasons = tuple(_reasons(aid["conditions"], facts, aid, day)) if explained else ()
    return Outcome(STATUS[answer], amount, reasons, waits)


def day_of(facts: Facts, today: date) -> date:
    """Return the day of the request, if the facts say one."""
    return day_or(facts.get("on"), today)


def _open(aid: Rule, day: date) -> bool:
    return date.fromisoformat(aid["valid_from"]) <= day and (
        not aid.get("valid_to") or day <= date.fromisoformat(aid["valid_to"])
    )


def read(rule: Rule, facts: Facts, aid: Rule, day: date, turned: Rule | None = None) -> str:
    """Return the answer of a condition or a group.

    Args:
        turned: a condition of it whose answer is taken for the opposite, to know whether it decides.
    """
    if "all" in rule:
        return _first([read(one, facts, aid, day, turned) for one in rule["all"]], (NO, MISSING, MANUAL), YES)
    if "any" in rule:
        return _first([read(one, facts, aid, day, turned) for one in rule["any"]], (YES, MISSING, MANUAL), NO)
    if "not" in rule:
        return inverse(read(rule["not"], facts, aid, day, turned))
    answer = KINDS[rule["type"]].answer(rule, facts, aid, day)
    return answer if rule is not turned else NO if answer in {YES, MANUAL} else YES


def leaves(rule: Rule) -> Iterator[Rule]:
    """Yield the conditions of a rule, in their order."""
    if "not" in rule:
        yield from leaves(rule["not"])
    elif "all" in rule or "any" in rule:
        for one in rule.get("all") or rule.get("any") or ():
            yield from leaves(one)
    else:
        yield rule


def _first(answers: Sequence[str], order: Sequence[str], otherwise: str) -> str:
    return next((answer for answer in order if answer in answers), otherwise)


# Words


def _reasons(rule: Rule, facts: Facts, aid: Rule, day: date) -> list[LocalReason]:
    if "all" in rule:
        return [reason for one in rule["all"] for reason in _reasons(one, facts, aid, day)]
    return [LocalReason(condition_text(rule, aid), read(rule, facts, aid, day))]


def condition_text(rule: Rule, aid: Rule) -> str:
    """Return a condition as a part of a sentence."""
    if "all" in rule:
        return _(" et ").join(_inside(one, aid, "any") for one in rule["all"])
    if "any" in rule:
        return _(" ou ").join(_inside(one, aid, "all") for one in rule["any"])
    if "not" in rule:
        return _("sauf : %(condition)s") % {"condition": condition_text(rule["not"], aid)}
    return KINDS[rule["type"]].text(rule, aid)


def _inside(rule: Rule, aid: Rule, other: str) -> str:
    """Return a condition in a group, between brackets if it is a group whose word would be misread."""
    text = condition_text(rule, aid)
    return f"({text})" if len(rule.get(other, ())) > 1 else text


def price_words(aid: Rule, outcome: Outcome, facts: Facts) -> tuple[str, str]:
    """Return the displayed amount and its unit, such as "1 €" and "le repas"."""
    units: Mapping[str, Callable[[], str]] = {
        "meal": lambda: _("le repas"),
        "hour": lambda: _("l’heure"),
        "day": lambda: _("la journée"),
        "month": lambda: _("par mois"),
        "year": lambda: _("par an"),
        "one_off": lambda: _("une fois"),
        "use": lambda: _("à chaque fois"),
        "other": lambda: "",
    }
    unit = units[aid["per"] if aid["per"] in units else aid["periodicity"]]()
    if outcome.amount is not None:
        return money(outcome.amount), unit
    rate = amounts.rate_of(aid["amount"], facts)
    if rate is not None:
        return (
            (_("Gratuit"), "")
            if rate == 1 and aid["amount"].get("meaning") == "reduction"
            else (_("−%(rate)s %%") % {"rate": number(round(rate * 100))}, unit)
        )
    return (
        _("Gratuit") if aid["kind"] == "service" else _("Priorité") if aid["kind"] == "priority" else _("Sur dossier")
    ), ""
