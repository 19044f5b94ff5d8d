"""Prepare an interview for its pages: a question, the answers in words, the result as one sheet.

A result is made of strings and lists only, so that it can be kept in the session and shown again without a run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.models import City
from core.templatetags.civic import long_date, money, month, nbsp, number
from services.aids import benefits, catalogue, results, shipping, urgent
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.asking.variants import Question
from services.aids.facts import answers
from services.aids.facts.from_vault import Read
from services.aids.forms import choice_words
from services.aids.household import Household, months
from services.aids.interview.chain import ASIDE, Chain, Step, value_of
from services.aids.local import evaluation
from services.aids.local.conditions import kinds
from services.aids.presenting import results as shared
from services.aids.presenting import why
from services.aids.reasons import overseas
from services.aids.reasons.common import Reason
from services.aids.results import Result
from vault.records.values.decrypted import Opened
from vault.types import geography

NARROWING_SHOWN: Final = 4
REFUSALS_SHOWN: Final = 6
PAPERS_SHOWN: Final = 3
# Above these, two answers stand side by side and the others below each other.
SIDE_BY_SIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    hint: str = ""


def choices(question: Question, read: Read) -> list[Choice]:
    """Return the answers to tap, empty if the answer is typed."""
    way = answers.WAYS[question.key]
    if way.kind == answers.YES_NO:
        return [Choice("yes", _("Oui")), Choice("no", _("Non"))]
    if way.kind != answers.CHOICE:
        return []
    return [_choice(question, value, read.household) for value in answers.choices(question, read)]


def _choice(question: Question, value: str, household: Household) -> Choice:
    if question.key == "enfants":
        return Choice(value, _("Aucun enfant") if value == "0" else _count_words(int(value)))
    if question.key == "handicap_foyer":
        return Choice(value, _whose(value, household))
    if question.key == "complement_aeeh":
        return Choice(value, _("Aucun complément") if value == "0" else _("Complément %(rank)s") % {"rank": value})
    if question.key == "parts":
        return Choice(value, number(float(value)))
    hint = _hints().get((question.key, value), "")
    return Choice(value, choice_words(question.field, value), hint)


def _count_words(count: int) -> str:
    return ngettext("%(count)s enfant", "%(count)s enfants", count) % {"count": count}


def _whose(value: str, household: Household) -> str:
    if value == answers.NOBODY:
        return _("Non, à personne")
    if value == answers.MANY:
        return _("Oui, à plusieurs personnes")
    person = household.person(value)
    if person.role == "applicant":
        return _("Oui, à moi")
    if person.role == "partner":
        return _("Oui, à mon conjoint")
    if person.key("birth_date") in household.unknown:
        return _("Oui, à mon enfant n° %(rank)s") % {"rank": household.children.index(person) + 1}
    return _("Oui, à mon enfant de %(age)s ans") % {"age": max(person.age(household.month), 0)}


def _hints() -> Mapping[tuple[str, str], str]:
    return {
        ("activite", "actif"): _("Salarié, agent public, intérimaire, en congé"),
        ("activite", "chomeur"): _("Inscrit ou non à France Travail"),
        ("activite", "etudiant"): _("Lycée, université, formation"),
        ("activite", "inactif"): _("Maladie, handicap, au foyer, un proche à aider"),
        ("logement", "loge_gratuitement"): _("Chez vos parents, un proche, ou par votre employeur"),
        ("logement", "locataire_foyer"): _("Foyer, résidence étudiante, résidence sociale"),
        ("nationalite", "UE"): _("Union européenne, Espace économique européen, Suisse"),
    }


def unit_of(question: Question) -> str:
    """Return the unit beside a typed amount."""
    yearly = answers.WAYS[question.key].kind == answers.PAPER or question.key == "parents_revenus"
    return _("€ par an") if yearly else _("€ par mois")


def month_choices(question: Question, read: Read) -> list[Choice]:
    """Return the months to choose from, for a question about the start of an income."""
    offered = answers.choices(question, read)
    return [Choice(value, month(value)) for value in offered if months.is_month(value)]


# The answers in words


LABELS: Final[Mapping[str, Promise]] = {
    "naissance": gettext_lazy("Naissance"),
    "couple": gettext_lazy("En couple"),
    "naissance_conjoint": gettext_lazy("Naissance du conjoint"),
    "enfants": gettext_lazy("Enfants"),
    "naissance_enfant": gettext_lazy("Naissance d’un enfant"),
    "activite": gettext_lazy("Activité"),
    "revenus": gettext_lazy("Revenus par mois"),
    "mois": gettext_lazy("Revenus stables"),
    "avant": gettext_lazy("Revenus avant"),
    "invalidite": gettext_lazy("Pension d’invalidité"),
    "nationalite": gettext_lazy("Nationalité"),
    "titre": gettext_lazy("Titre de séjour"),
    "sejour": gettext_lazy("Droit de séjour depuis"),
    "ass": gettext_lazy("Allocation de solidarité spécifique"),
    "handicap_foyer": gettext_lazy("Handicap reconnu"),
    "handicap": gettext_lazy("Handicap reconnu"),
    "handicap_enfant": gettext_lazy("Handicap d’un enfant"),
    "rsdae": gettext_lazy("Restriction pour l’emploi"),
    "complement_aeeh": gettext_lazy("Complément pour l’enfant"),
    "logement": gettext_lazy("Logement"),
    "loyer": gettext_lazy("Loyer"),
    "crous": gettext_lazy("Logement du Crous"),
    "avis": gettext_lazy("Revenu fiscal de référence"),
    "parts": gettext_lazy("Parts des parents"),
    "rattachement": gettext_lazy("Sur la déclaration des parents"),
    "parents": gettext_lazy("Vit chez ses parents"),
    "etudes": gettext_lazy("Études"),
    "etablissement": gettext_lazy("Établissement"),
    "parents_revenus": gettext_lazy("Revenus des parents"),
    "pension_alimentaire": gettext_lazy("Pension alimentaire"),
    "seul_depuis": gettext_lazy("Séparation récente"),
    "garde": gettext_lazy("Garde alternée"),
    "grossesse": gettext_lazy("Naissance attendue"),
    "terme": gettext_lazy("Terme prévu"),
    "commune": gettext_lazy("Commune"),
    "recu": gettext_lazy("Aides reçues"),
    "commune_depuis": gettext_lazy("Dans la commune depuis"),
    "difficulte_logement": gettext_lazy("Difficulté pour se loger"),
    "statut_marital": gettext_lazy("Statut marital"),
    "niveau": gettext_lazy("Année d’études"),
    "engagement": gettext_lazy("Stage ou service civique"),
    "formation_sociale": gettext_lazy("Formation sanitaire ou sociale"),
    "mention": gettext_lazy("Mention au baccalauréat"),
    "boursier": gettext_lazy("Bourse d’études"),
    "regime": gettext_lazy("Régime de sécurité sociale"),
    "interim": gettext_lazy("Intérim"),
}


def label_of(name: str) -> str:
    """Return the short name of a question, with who it is about."""
    key, _dash, person = name.partition("-")
    label = str(LABELS[key])
    if person == "conjoint" and key != "naissance_conjoint":
        return _("%(label)s, conjoint") % {"label": label}
    if person.startswith("enfant-"):
        return _("%(label)s (n° %(rank)s)") % {"label": label, "rank": person.removeprefix("enfant-")}
    return label


def words_of(question: Question, kept: Any, read: Read) -> str:  # noqa: ANN401 - an answer as JSON
    """Return an answer in words; an unknown one says so."""
    if kept is None:
        return _("pas de réponse")
    kind, value = answers.WAYS[question.key].kind, value_of(question, kept)
    if kind in {answers.AMOUNT, answers.PAPER}:
        return str(money(value))
    if kind == answers.DATE:
        return str(long_date(value))
    if kind == answers.YES_NO:
        return _("Oui") if value else _("Non")
    if kind == answers.SEVERAL:
        return ", ".join(choice_words(question.field, one) for one in value) or _("aucune")
    if kind == answers.SINCE:
        return choice_words(question.field, value)
    if kind == answers.PLACE:
        return commune_words(value)
    return _choice(question, value, read.household).label


def lines(steps: Sequence[Step]) -> list[dict[str, str]]:
    return [
        {
            "name": step.name,
            "label": label_of(step.name),
            "value": str(nbsp(words_of(step.question, step.value, step.before))),
        }
        for step in steps
    ]


def commune_words(code: str) -> str:
    found = geography.find(geography.COMMUNE, code)
    return found.label if found else code


def place(chain: Chain, city: City) -> dict[str, str]:
    """Return where the household lives and who says so. The city that runs the portal is supposed."""
    address = chain.overlay.values.value("logement.domicile#/adresse") or {}
    code = address.get("cog") or city.insee
    step, record = chain.step("commune"), chain.read.source("housing.insee")
    source = _("celle de ce portail")
    if step is not None and step.value is not None:
        source = _("votre réponse")
    elif record is not None and address.get("cog"):
        source = _source(record)
    name = city.name if code == city.insee else commune_words(code)
    elsewhere = code != city.insee and bool(city.of_name)
    return {
        "name": name,
        "source": source,
        "elsewhere": _elsewhere(city) if elsewhere else "",
        "uncovered": _uncovered() if overseas.is_elsewhere(code) else "",
    }


def _uncovered() -> str:
    """Return what a household should know before it answers twenty questions."""
    return _(
        "Nos règles ne couvrent pas la commune où vous vivez : ces questions ne donneront aucun montant. "
        "Demandez plutôt à votre caisse de sécurité sociale ou à votre mairie."
    )


def _elsewhere(city: City) -> str:
    """Return why the aids of the city's residents are not shown."""
    text = _(
        "Vous ne vivez pas à %(city)s : les aides locales réservées à ses habitants n’apparaissent pas. La mairie de"
        " votre commune a les siennes : demandez-lui."
    )
    return text % {"city": city.name}


def progress(chain: Chain, name: str) -> dict[str, Any]:
    """Return the question's place among the others, empty for one that does not count."""
    if name in ASIDE:
        return {}
    place, total = chain.rank(name)
    return {
        "place": place,
        "total": total,
        "text": _("question %(place)s, %(total)s au plus") % {"place": place, "total": total},
    }


def first_amount_words(chain: Chain, estimate: Mapping[str, Any]) -> dict[str, str]:
    """Say what takes shape: an estimate once there is one, else after how many questions it comes."""
    if estimate:
        aids = ngettext("%(count)s aide possible.", "%(count)s aides possibles.", estimate["aids"])
        supposed = _("Chaque réponse précise cette estimation. Le résultat peut encore s’en écarter.")
        return {
            "number": shared.range_words(estimate["low"], estimate["high"]),
            "unit": _("par mois"),
            "text": f"{aids % {'count': estimate['aids']}} {supposed}",
        }
    left = chain.before_first_amount
    text = ngettext(
        "Un premier montant arrive après %(count)s question.",
        "Un premier montant arrive après %(count)s questions.",
        left,
    )
    return {"number": "", "unit": "", "text": text % {"count": left} if left else ""}


# The result


def result(simulation: Simulation, chain: Chain, papers: Mapping[str, str], city: City) -> dict[str, Any]:
    """Return what the page and the printed sheet show, but for the city's aids. `papers` names the kinds of papers."""
    computed = simulation.results
    people = len(chain.household.people)
    refused = sorted((one for one in computed.of(results.NOT_ELIGIBLE) if not one.receiving), key=_distance)
    unknown = sorted((one for one in computed.of(results.UNKNOWN) if not one.receiving), key=lambda one: -one.high)
    return {
        "month": month(chain.household.month),
        "headline": _headline(computed),
        "urgent": _urgent(chain.household),
        "claims": [_claim(one, chain.household, papers) for one in computed.claims],
        "unknown": [_line(one, people) for one in unknown],
        "refused": [_line(one, people) for one in refused],
        "received": [{"title": str(one.benefit.title)} for one in computed.received],
        "narrowing": _narrowing(simulation, chain),
        "hypotheses": [str(text) for text in chain.read.hypotheses],
        "elsewhere": place(chain, city)["elsewhere"],
    }


def city_claims(lines: Sequence[LocalResult]) -> list[dict[str, Any]]:
    """Return the city's aids to ask for, in the form of the others."""
    return [_local(line) for line in lines if line.status in {"granted", "to_check"}]


def _distance(result: Result) -> tuple[int, bool]:
    return len(result.explanation.failed), result.explanation.threshold is None


def _headline(computed: results.Results) -> dict[str, str]:
    monthly, yearly, once = (computed.span(unit) for unit in (benefits.MONTH, benefits.YEAR, benefits.ONCE))
    others = []
    if monthly[1] and yearly[1]:
        others.append(_("Et %(amount)s par an.") % {"amount": shared.range_words(*yearly)})
    if once[1]:
        others.append(_("Et %(amount)s une fois.") % {"amount": shared.range_words(*once)})
    main, unit = (monthly, _("par mois")) if monthly[1] else (yearly, _("par an"))
    others.append(_("Ce sont des estimations, pas des décisions : l’organisme décide."))
    return {
        "number": shared.range_words(*main) if main[1] else "",
        "range": "1" if round(main[1]) - round(main[0]) >= 1 else "",
        "unit": unit,
        "text": str(nbsp(" ".join(others))),
    }


def _urgent(household: Household) -> list[dict[str, str]]:
    """Return the urgent situations that the answers tell: no home, or nothing to live on."""
    codes = []
    if household.housing and household.housing.status == "homeless":
        codes.append("sans_abri")
    incomes = [person.incomes for person in household.parents]
    if all(one is not None and not any(income.net for income in one[-3:]) for one in incomes):
        codes.append("pas_a_manger")
    rows = [row for code in codes if (row := shipping.urgent_situation(code))]
    return [_situation(row.said) for row in rows]


def _situation(found: urgent.Situation) -> dict[str, str]:
    return {
        "title": found.title,
        "call": found.first_call.number,
        "who": found.first_call.name,
        "why": found.first_call.why,
        "href": reverse("aids:situation", args=[found.code]),
    }


def _claim(found: Result, household: Household, papers: Mapping[str, str]) -> dict[str, Any]:
    amount, period = shared.amount_words(found, len(household.people))
    aid = catalogue.get(found.benefit.dossier) if found.benefit.dossier else None
    office = catalogue.in_words(aid.organisation) if aid else str(found.benefit.given_by)
    return {
        "amount": str(nbsp(amount)),
        "period": str(period),
        "title": str(found.benefit.title),
        "text": str(nbsp(found.sentence)),
        "where": overseas.name_office(office, household.insee),
        "with": [
            papers[need.kind] for need in aid.papers if need.required and not need.condition and need.kind in papers
        ][:PAPERS_SHOWN]
        if aid
        else [],
        "automatic": bool(aid and aid.automatic),
        "reasons": [_reason(reason) for reason in found.explanation.reasons],
        "changes": [str(nbsp(text)) for text in found.explanation.changes],
        "asks": [str(nbsp(question.text)) for question in found.asks],
    }


def _reason(reason: Reason) -> dict[str, str]:
    label, kind = {True: (_("Remplie"), "ok"), False: (_("Pas remplie"), "expired"), None: (_("À savoir"), "soon")}[
        reason.ok
    ]
    law = reason.law if reason.law and reason.law.title else None
    return {
        "text": str(nbsp(reason.text)),
        "tag": label,
        "tag_kind": kind,
        "law": law.title if law else "",
        "link": law.link if law else "",
    }


def _local(line: LocalResult) -> dict[str, Any]:
    amount, period = evaluation.price_words(line.aid.rule, line.outcome, line.facts)
    tags = {
        kinds.YES: (_("Remplie"), "ok"),
        kinds.NO: (_("Pas remplie"), "expired"),
        kinds.MISSING: (_("À savoir"), "soon"),
        kinds.MANUAL: (_("Vérifiée par la ville"), ""),
    }
    return {
        "amount": str(amount),
        "period": str(period),
        "title": line.aid.name,
        "text": _("Une personne de la ville vérifie une condition.")
        if line.status == "to_check"
        else shared.lacking_words(line),
        "where": catalogue.in_words(line.aid.rules["institution"]["name"]),
        "with": [],
        "automatic": False,
        "reasons": [
            {
                "text": str(nbsp(reason.text[:1].upper() + reason.text[1:])),
                "tag": tags[reason.answer][0],
                "tag_kind": tags[reason.answer][1],
                "law": "",
                "link": "",
            }
            for reason in line.outcome.reasons
        ],
        "changes": [],
        "asks": [],
    }


def _line(found: Result, people: int) -> dict[str, Any]:
    return {
        "label": str(found.benefit.title),
        "text": str(nbsp(found.sentence)),
        "reasons": [_reason(reason) for reason in found.explanation.reasons],
    }


def _narrowing(simulation: Simulation, chain: Chain) -> list[dict[str, str]]:
    """Return the open questions that would change the result most, with their effect."""
    names = {question.place: name for name, question in chain.waiting}
    names |= {step.question.place: step.name for step in chain.steps if step.value is None}
    found = []
    for asked in simulation.results.asked:
        if (name := names.get(asked.question.place)) is not None:
            effect = {"amount": shared.euros(asked.most), "unit": shared.unit_words(asked.unit)}
            text = _("Jusqu’à %(amount)s %(unit)s") % effect if asked.most else _("Peut ouvrir un droit")
            found.append({"name": name, "label": str(nbsp(asked.question.text)), "text": str(nbsp(text))})
    return found[:NARROWING_SHOWN]


def known(chain: Chain) -> list[dict[str, Any]]:
    """Return the vault's figures that the interview need not ask, each with its source.

    Each may be set aside by the resident, if it is no longer true.
    """
    written = chain.overlay.written
    seen: dict[str, dict[str, Any]] = {}
    for key, words in _known_words(chain.household):
        record = chain.read.source(key)
        if record is None or record.record_id in written:
            continue
        name = str(record.record_id)
        line = {"label": words[0], "value": str(nbsp(words[1])), "record": name, "source": _source(record)}
        seen.setdefault(f"{words[0]}|{name}", line)
    return list(seen.values())


def _source(record: Opened) -> str:
    return f"{why.record_words(record)}, {why.assurance_words(record)}"


def _known_words(household: Household) -> list[tuple[str, tuple[str, str]]]:
    found = []
    for person in household.parents:
        if person.status:
            found.append((person.key("status"), (_("Activité"), _status_words(person.status))))
        for type, label in (("salary", _("Salaire")), ("unemployment", _("Chômage")), ("pension", _("Retraite"))):
            if net := person.received(months.shift(household.month, -1), type):
                found.append((person.key(f"incomes.{type}"), (label, str(money(round(net, 2))))))
    home = household.housing
    if home and home.rent:
        found.append(("housing.rent", (_("Loyer"), str(money(home.rent)))))
    for notice in household.tax_notices or ():
        label = _("Revenu fiscal de référence %(year)s") % {"year": notice.income_year}
        found.append((f"tax_notices[{notice.income_year}].rfr", (label, str(money(notice.rfr)))))
    if household.children and "household.children" not in household.unknown:
        found.append(("household.people", (_("Enfants"), str(len(household.children)))))
    return found


def _status_words(status: str) -> str:
    codes = {
        "employed": "actif",
        "apprentice": "apprenti",
        "self_employed": "independant",
        "unemployed": "chomeur",
        "student": "etudiant",
        "retired": "retraite",
        "inactive": "inactif",
    }
    return choice_words("foyer.situation#/activite", codes[status])
