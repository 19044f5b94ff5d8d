"""Prepare a simulation for the pages: amounts in words, lines, links to the records behind the values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import long_date, money, nbsp
from services.aids import benefits, catalogue, results
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.facts import naming
from services.aids.facts.answers import PAPER, TYPED, way_of
from services.aids.facts.from_vault import Read
from services.aids.local import amounts, evaluation
from services.aids.local.conditions import kinds
from services.aids.presenting.exclusions import exclusions
from services.aids.presenting.local_aids import basis_words
from services.aids.results import Result

QUESTIONS_SHOWN: Final = 5
REFUSALS_SHOWN: Final = 2


def unit_words(unit: str) -> str:
    return str(benefits.UNIT_WORDS[unit])


def euros(amount: float) -> str:
    """Format an estimate, in whole euros from ten up."""
    return money(round(amount) if amount >= 10 else round(amount, 2))


def amount_words(result: Result, people: int) -> tuple[str, str]:
    """Return the amount and its period."""
    if result.code == "c2s":
        return _c2s_words(result, people)
    if not result.benefit.money:
        return _("Droit ouvert"), ""
    if result.exact:
        return euros(result.amount), unit_words(result.benefit.unit)
    return range_words(result.low, result.high), unit_words(result.benefit.unit)


def range_words(low: float, high: float) -> str:
    """Write a range in whole euros, or one amount if both ends are the same."""
    if round(high) - round(low) < 1:
        return euros(high)
    if not low:
        return _("jusqu’à %(high)s") % {"high": euros(high)}
    # Where the sign follows the amount, it is written once.
    least = euros(low).removesuffix("€").rstrip()
    return str(nbsp(_("%(low)s à %(high)s") % {"low": least, "high": euros(high)}))


def _c2s_words(result: Result, people: int) -> tuple[str, str]:
    who = ngettext("pour %(count)s personne", "pour %(count)s personnes", people) % {"count": people}
    price = result.price
    return (euros(price), _("par mois, %(who)s") % {"who": who}) if price else (_("Gratuit"), who)


def home(simulation: Simulation, skipped: Sequence[str]) -> dict[str, Any]:
    computed, read = simulation.results, simulation.read
    people = len(read.household.people)
    likely = sorted((one for one in computed.of(results.UNKNOWN) if not one.receiving), key=lambda one: -one.high)
    unknown = [
        *(_line(result, people) for result in likely),
        *_local_lines(simulation, "unknown"),
        *_local_lines(simulation, "unknown", national=True),
    ]
    near = sorted((one for one in computed.of(results.NOT_ELIGIBLE) if not one.receiving), key=_distance)
    refused = [
        *_local_lines(simulation, "refused"),
        *(_line(result, people) for result in near),
        *_local_lines(simulation, "refused", national=True),
    ]
    notes = exclusions(simulation)
    return {
        "today": long_date(timezone.localdate()),
        "values": sum(bool(found) for found in read.sources.values()),
        "headline": headline(computed),
        "claims": [
            *(_claim(result, people) | note(notes, result.code) for result in computed.claims),
            *(_local_claim(line) | note(notes, line.aid.code) for line in rights_first(simulation)),
        ],
        "received": [_received(result) | note(notes, result.code) for result in computed.received],
        "unknown": unknown,
        "refused": refused[:REFUSALS_SHOWN],
        "refused_more": refused[REFUSALS_SHOWN:],
        "questions": _questions(simulation, skipped),
        "hypotheses": read.hypotheses,
        "knows_received": computed.knows_received,
    }


def rights_first(simulation: Simulation) -> list[LocalResult]:
    """Return the aids of the city that are granted, after the national rights."""
    granted = [line for line in simulation.local if line.is_granted]
    return sorted(granted, key=lambda line: not line.aid.is_national)


def note(notes: Mapping[str, Sequence[str]], code: str) -> dict[str, str]:
    return {"note": " ".join(notes.get(code, ()))}


def headline(computed: results.Results, *, theirs: bool = False) -> dict[str, str] | None:
    """Return the main total, monthly if there is one; the sentence gives the other totals.

    Args:
        theirs: word it for who helps the resident.
    """
    monthly, yearly, once = (computed.total(unit) for unit in (benefits.MONTH, benefits.YEAR, benefits.ONCE))
    if not (monthly or yearly or once):
        return None
    if theirs:
        title, grows = _("Argent qui peut être demandé"), _("C’est un minimum : ce qui manque peut l’augmenter.")
    else:
        title = _("Argent non demandé") if computed.knows_received else _("Ce que vous pourriez recevoir")
        grows = _("C’est un minimum : vos réponses peuvent l’augmenter.")
    main, unit = (monthly, benefits.MONTH) if monthly else (yearly, benefits.YEAR) if yearly else (once, benefits.ONCE)
    others = []
    if monthly and yearly:
        others.append(_("Et %(amount)s par an.") % {"amount": euros(yearly)})
    if (monthly or yearly) and once:
        others.append(_("Et %(amount)s une fois.") % {"amount": euros(once)})
    if computed.may_grow:
        others.append(grows)
    others.append(_("Ce sont des estimations, pas des décisions : l’organisme décide."))
    return {"title": title, "number": euros(main), "unit": unit_words(unit), "text": nbsp(" ".join(others))}


def why_url(code: str) -> str:
    return reverse("aids:why", args=[code])


def dossier_url(code: str) -> str:
    return f"{reverse('dossiers:new')}?{urlencode({'aide': code})}"


def _claim(result: Result, people: int) -> dict[str, Any]:
    amount, period = amount_words(result, people)
    links = [
        {
            "href": why_url(result.code),
            "label": _why_words(result, amount),
            "hidden": _of(result.benefit.title),
        }
    ]
    if result.benefit.dossier:
        links.append(
            {
                "href": dossier_url(result.benefit.dossier),
                "label": _("Préparer le dossier"),
                "hidden": _of(result.benefit.title),
            }
        )
    return {
        "amount": amount,
        "period": period,
        "title": result.benefit.title,
        "tag": _("Estimation"),
        "text": nbsp(result.sentence),
        "links": links,
    }


def _why_words(result: Result, amount: str) -> str:
    if not result.benefit.money:
        return _("Pourquoi j’y ai droit")
    return _("Pourquoi %(amount)s") % {"amount": amount} if result.exact else _("Pourquoi ce montant")


def _of(title: object) -> str:
    """Return hidden text for screen readers, which distinguishes links with the same words."""
    return f"({title})"


def local_amount_words(line: LocalResult) -> tuple[str, str]:
    """Return the amount and its period, or what sort of right it is without an amount."""
    if line.aid.is_national:
        words = {"service": _("Droit ouvert"), "priority": _("Priorité"), "price": _("Prix réduit")}
        return words[line.aid.rules["kind"]], ""
    return evaluation.price_words(line.aid.rule, line.outcome, line.facts)


def lacking_words(line: LocalResult) -> str:
    """Say that an amount is the one for a value that is not known, such as the full price without a quotient."""
    amount = line.aid.rules["amount"]
    if line.outcome.amount is None or not amounts.lacks(amount, line.facts):
        return ""
    return str(nbsp(_("%(what)s pas connu : ce montant peut changer.") % {"what": basis_words(amount["on"])}))


def _local_claim(line: LocalResult) -> dict[str, Any]:
    amount, period = local_amount_words(line)
    checked = line.status == "to_check"
    text = (
        _("Une personne de la ville vérifie une condition.")
        if checked
        else catalogue.in_words(line.aid.rules["institution"]["name"])
    )
    if lacking := lacking_words(line):
        text = f"{text.rstrip('.')}. {lacking}"
    links = [
        {
            "href": why_url(line.aid.code),
            "label": _("Pourquoi ce tarif") if line.aid.rules["kind"] == "price" else _("Pourquoi j’y ai droit"),
            "hidden": _of(line.aid.name),
        }
    ]
    return {
        "amount": amount,
        "period": period,
        "title": line.aid.name,
        "tag": _("À vérifier") if checked else "",
        "tag_kind": "soon",
        "text": text,
        "links": links,
    }


def _received(result: Result) -> dict[str, Any]:
    known = result.received is not None
    amount = euros(result.received or 0) if known else _("Reçue")
    giver = _("Versée par %(giver)s.") % {"giver": result.benefit.given_by}
    same = known and abs((result.received or 0) - result.amount) < 1
    if result.status != results.ELIGIBLE or not result.benefit.money:
        text = giver
    elif same:
        text = _("%(giver)s Notre calcul donne le même montant.") % {"giver": giver}
    else:
        text = _("%(giver)s Notre calcul donne %(amount)s.") % {"giver": giver, "amount": euros(result.amount)}
    links = [{"href": why_url(result.code), "label": _("Voir le calcul"), "hidden": _of(result.benefit.title)}]
    return {
        "amount": amount,
        "period": unit_words(result.benefit.unit) if known else "",
        "title": result.benefit.title,
        "text": nbsp(text),
        "links": links,
    }


def _distance(result: Result) -> tuple[int, bool]:
    """Sort key of refusals: fewest failed conditions first, then those with an income threshold."""
    return len(result.explanation.failed), result.explanation.threshold is None


def _line(result: Result, people: int) -> dict[str, Any]:
    return {
        "label": result.benefit.title,
        "text": nbsp(result.sentence),
        "action_href": why_url(result.code),
        "action": _("Voir le détail"),
    }


def _local_lines(simulation: Simulation, status: str, *, national: bool = False) -> list[dict[str, Any]]:
    wanted = {"unknown": kinds.MISSING, "refused": kinds.NO}[status]
    return [
        {
            "label": line.aid.name,
            "text": _local_sentence(line, wanted),
            "action_href": why_url(line.aid.code),
            "action": _("Voir le détail"),
        }
        for line in simulation.local
        if line.status == status and line.aid.is_national is national
    ]


def _local_sentence(line: LocalResult, wanted: str) -> str:
    found = next((reason.text for reason in line.outcome.reasons if reason.answer == wanted), "")
    text = _("Il faut : %(condition)s.") if wanted == kinds.NO else _("À vérifier : %(condition)s.")
    return str(nbsp(text % {"condition": found}))


# Questions


def _questions(simulation: Simulation, skipped: Sequence[str]) -> list[dict[str, Any]]:
    computed = simulation.results
    unknown = {result.code for result in computed.of(results.UNKNOWN) if not result.receiving}
    listed: list[dict[str, Any]] = [
        {
            "label": nbsp(asked.question.text),
            "href": question_url(asked.question.place),
            "text": effect(asked),
            "waits": len(unknown & set(asked.codes)),
        }
        for asked in (*computed.asked, *simulation.asked)
        if asked.question.place not in skipped
    ]
    if not computed.knows_received and not computed.household.receives and "recu" not in skipped:
        hint = _("Pour ne vous montrer que ce que vous ne recevez pas")
        listed.insert(
            0 if computed.claims else 1,
            {"label": nbsp(_("Que recevez-vous déjà ?")), "href": question_url("recu"), "text": hint},
        )
    return listed[:QUESTIONS_SHOWN]


def effect(asked: results.Asked) -> str:
    if not asked.most:
        return _("Peut ouvrir un droit")
    return str(nbsp(_("Jusqu’à %(amount)s %(unit)s") % {"amount": euros(asked.most), "unit": unit_words(asked.unit)}))


def question_url(place: str) -> str:
    return reverse("aids:question", args=[place])


def elsewhere(question: Any, read: Read) -> str | None:  # noqa: ANN401 - a Question
    """Return the URL of the page that answers this question, if it needs a paper or other answers with it."""
    way = way_of(question, read)
    if way.kind == PAPER:
        return reverse("records:add_paper")
    if way.kind == TYPED:
        return reverse("aids:interview_question", args=[naming.name_of(question, read.household)])
    return None
