"""Prepare a simulation for the pages: amounts in words, lines, links to the records behind the values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import long_date, money, nbsp
from services.aids import benefits, catalogue, local, results
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.facts.answers import PAPER, TYPED, way_of
from services.aids.facts.from_vault import Read
from services.aids.results import Result

QUESTIONS_SHOWN: Final = 5
REFUSALS_SHOWN: Final = 6
UNKNOWN_SHOWN: Final = 6


def unit_words(unit: str) -> str:
    words: Mapping[str, Callable[[], str]] = {
        benefits.MONTH: lambda: _("par mois"),
        benefits.YEAR: lambda: _("par an"),
        benefits.ONCE: lambda: _("une fois"),
    }
    return words[unit]()


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
    return _("%(low)s à %(high)s") % {"low": euros(result.low), "high": euros(result.high)}, unit_words(
        result.benefit.unit
    )


def _c2s_words(result: Result, people: int) -> tuple[str, str]:
    who = ngettext("pour %(count)s personne", "pour %(count)s personnes", people) % {"count": people}
    price = result.price
    return (euros(price), _("par mois, %(who)s") % {"who": who}) if price else (_("Gratuit"), who)


def home(simulation: Simulation, skipped: Sequence[str]) -> dict[str, Any]:
    computed, read = simulation.results, simulation.read
    people = len(read.household.people)
    likely = sorted((one for one in computed.of(results.UNKNOWN) if not one.receiving), key=lambda one: -one.high)
    unknown = [_line(result, people) for result in likely] + _local_lines(simulation, "unknown")
    near = sorted((one for one in computed.of(results.NOT_ELIGIBLE) if not one.receiving), key=_distance)
    refused = _local_lines(simulation, "refused") + [_line(result, people) for result in near]
    local_granted = [line for line in simulation.local if line.status in {"granted", "to_check"}]
    return {
        "today": long_date(timezone.localdate()),
        "values": sum(bool(found) for found in read.sources.values()),
        "headline": _headline(computed),
        "claims": [_claim(result, people) for result in computed.claims]
        + [_local_claim(line) for line in local_granted],
        "received": [_received(result) for result in computed.received],
        "unknown": unknown[:UNKNOWN_SHOWN],
        "unknown_more": unknown[UNKNOWN_SHOWN:],
        "refused": refused[:REFUSALS_SHOWN],
        "refused_more": refused[REFUSALS_SHOWN:],
        "questions": _questions(simulation, skipped),
        "hypotheses": read.hypotheses,
        "knows_received": computed.knows_received,
    }


def _headline(computed: results.Results) -> dict[str, str] | None:
    """Return the main total, monthly if there is one; the sentence gives the other totals."""
    monthly, yearly, once = (computed.total(unit) for unit in (benefits.MONTH, benefits.YEAR, benefits.ONCE))
    if not (monthly or yearly or once):
        return None
    title = _("Argent non demandé") if computed.knows_received else _("Ce que vous pourriez recevoir")
    main, unit = (monthly, benefits.MONTH) if monthly else (yearly, benefits.YEAR) if yearly else (once, benefits.ONCE)
    others = []
    if monthly and yearly:
        others.append(_("Et %(amount)s par an.") % {"amount": euros(yearly)})
    if (monthly or yearly) and once:
        others.append(_("Et %(amount)s une fois.") % {"amount": euros(once)})
    if computed.may_grow:
        others.append(_("C’est un minimum : vos réponses peuvent l’augmenter."))
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


def _local_claim(line: LocalResult) -> dict[str, Any]:
    amount, period = local.price_words(line.aid.rule, line.outcome, line.facts)
    checked = line.status == "to_check"
    text = (
        _("Une personne de la ville vérifie une condition.")
        if checked
        else catalogue.in_words(line.aid.rules["institution"]["name"])
    )
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


def _local_lines(simulation: Simulation, status: str) -> list[dict[str, Any]]:
    wanted = {"unknown": local.MISSING, "refused": local.NO}[status]
    return [
        {
            "label": line.aid.name,
            "text": _local_sentence(line, wanted),
            "action_href": why_url(line.aid.code),
            "action": _("Voir le détail"),
        }
        for line in simulation.local
        if line.status == status
    ]


def _local_sentence(line: LocalResult, wanted: str) -> str:
    found = next((reason.text for reason in line.outcome.reasons if reason.answer == wanted), "")
    text = _("Il faut : %(condition)s.") if wanted == local.NO else _("Nous ne savons pas : %(condition)s.")
    return str(nbsp(text % {"condition": found}))


# Questions


def _questions(simulation: Simulation, skipped: Sequence[str]) -> list[dict[str, str]]:
    computed = simulation.results
    listed = [
        {"label": nbsp(asked.question.text), "href": question_url(asked.question.place), "text": _effect(asked)}
        for asked in computed.asked
        if asked.question.place not in skipped
    ]
    if not computed.knows_received and not computed.household.receives and "recu" not in skipped:
        hint = _("Pour ne vous montrer que ce que vous ne recevez pas")
        listed.insert(0, {"label": nbsp(_("Que recevez-vous déjà ?")), "href": question_url("recu"), "text": hint})
    return listed[:QUESTIONS_SHOWN]


def _effect(asked: results.Asked) -> str:
    if not asked.most:
        return _("Peut ouvrir un droit")
    return str(nbsp(_("Jusqu’à %(amount)s %(unit)s") % {"amount": euros(asked.most), "unit": unit_words(asked.unit)}))


def question_url(place: str) -> str:
    return reverse("aids:question", args=[place])


def elsewhere(question: Any, read: Read) -> str | None:  # noqa: ANN401 - a Question
    """Return the URL of the vault page that answers this question, if it needs a paper or several fields."""
    way = way_of(question, read)
    if way.kind == PAPER:
        return reverse("records:add_paper")
    if way.kind == TYPED:
        code = question.field.partition("#")[0]
        return f"{reverse('records:start_typing', args=[code])}?{urlencode({'suite': reverse('aids:home')})}"
    return None
<<<<<<< HEAD
=======


# Why


def why(simulation: Simulation, result: Result, point: BreakEven | None) -> dict[str, Any]:
    people = len(simulation.read.household.people)
    explanation = result.explanation
    amount, period = amount_words(result, people)
    return {
        "title": _why_title(result, amount, period),
        "result": result,
        "lead": nbsp(result.sentence.rstrip(".")),
        "chart": _chart(result),
        "chart_caption": _chart_caption(result),
        "figures": _figure_table(explanation.figures, simulation.read),
        "conditions": [_condition(reason, explanation, simulation.read) for reason in explanation.reasons],
        "changes": [nbsp(text) for text in (*_break_even_words(result, point), *explanation.changes)],
        "questions": [
            {"label": nbsp(question.text), "href": question_url(question.place)} for question in result.asks
        ],
        "dossier_href": dossier_url(result.benefit.dossier)
        if result.benefit.dossier and result.status == results.ELIGIBLE
        else "",
        "ask": _ask(catalogue.get(result.benefit.dossier)) if result.benefit.dossier else None,
        "hypotheses": simulation.read.hypotheses,
    }


def _ask(aid: catalogue.Aid) -> dict[str, Any]:
    forms = [
        {"title": catalogue.in_words(form.title), "number": form.number, "verified": form.verified}
        for form in aid.forms
    ]
    return {
        "organisation": catalogue.in_words(aid.organisation),
        "places": [catalogue.in_words(place) for place in aid.where_to_send],
        "forms": forms,
        "automatic": aid.automatic,
    }


def _why_title(result: Result, amount: str, period: str) -> str:
    words = {"aid": result.benefit.title, "amount": f"{amount} {period}".strip()}
    if result.status == results.ELIGIBLE:
        text = (
            _("%(aid)s : pourquoi %(amount)s") if result.benefit.money else _("%(aid)s : pourquoi vous y avez droit")
        )
    elif result.status == results.NOT_ELIGIBLE:
        text = _("%(aid)s : pourquoi vous n’y avez pas droit")
    else:
        text = _("%(aid)s : ce qu’il manque pour le savoir")
    return str(nbsp(text % words))


def _chart(result: Result) -> charts.Chart | None:
    threshold = result.explanation.threshold
    if threshold is None or threshold.limit <= 0 or result.status == results.UNKNOWN:
        return None
    return charts.threshold(
        value=round(threshold.have, 2),
        limit=round(threshold.limit, 2),
        show=lambda value: euros(float(value)),
        title=threshold.label,
    )


def _chart_caption(result: Result) -> str:
    threshold = result.explanation.threshold
    if threshold is None:
        return ""
    unit = _("en euros par mois") if threshold.unit == EURO_MONTH else _("en euros par an")
    return _("%(what)s, %(unit)s.") % {"what": threshold.label, "unit": unit}


def value_words(value: float, unit: str) -> str:
    if unit in {EURO_MONTH, EURO_YEAR}:
        return euros(value)
    if unit == YEARS:
        return str(nbsp(_("%(count)s ans") % {"count": number(value)}))
    return f"{number(value)}\u00a0%" if unit == RATE else number(value)


def _figure_table(figures: Sequence[Figure], read: Read) -> dict[str, Any] | None:
    if not figures:
        return None
    heads = [
        {"label": _("Étape")},
        {"label": _("Votre valeur"), "num": True},
        {"label": _("Règle")},
        {"label": _("D’où vient la valeur")},
    ]
    rows = [
        [
            figure.label,
            value_words(figure.value, figure.unit),
            nbsp(figure.rule) or _per(figure.unit),
            source_link(read, figure.key, figure.span),
        ]
        for figure in figures
    ]
    return {"heads": heads, "rows": rows}


def _per(unit: str) -> str:
    return _("Par mois") if unit == EURO_MONTH else _("Par an") if unit == EURO_YEAR else ""


def source_link(read: Read, key: str, span: Span | None = None, *, correct: bool = True) -> str | SafeString:
    """Link to the record behind a value, with its assurance, and to the page that corrects it unless `correct` is
    False.
    """
    record = read.source(key, span) if key else None
    if record is None:
        return _("Calcul") if not key or key == "household.people" else _("Pas encore dans votre coffre")
    name = _record_words(record)
    history = reverse("records:history", args=[record.record_id])
    link = format_html('<a href="{}">{}</a> <span class="civic-muted">{}</span>', history, name, _assurance(record))
    if not correct:
        return link
    address = reverse("records:correct", args=[record.record_id])
    return format_html(
        '<span>{}<br><a href="{}">{}<span class="govuk-visually-hidden"> {}</span></a></span>',
        link,
        address,
        _("Corriger"),
        f"({name})",
    )


def _record_words(record: Opened) -> str:
    title = types.get(record.type).title
    if record.type == "fiscal.avis_ir" and record.payload.get("annee_revenus"):
        return _("%(title)s %(year)s") % {"title": title, "year": record.payload["annee_revenus"] + 1}
    if isinstance(record.payload.get("mois"), str):
        return _("%(title)s, %(month)s") % {"title": title, "month": month(record.payload["mois"])}
    return title


def _assurance(record: Opened) -> str:
    return (
        _("vérifié")
        if Assurance(record.assurance).proven
        else _("recoupé")
        if record.assurance == Assurance.CONSISTENT
        else _("déclaré")
    )


def _condition(reason: Reason, explanation: Explanation, read: Read) -> dict[str, Any]:
    tags = {True: (_("Remplie"), "ok"), False: (_("Pas remplie"), "expired"), None: (_("À savoir"), "soon")}
    label, kind = tags[reason.ok]
    known = [key for key in reason.keys if read.source(key)]
    links = {
        str(link): link for link in (source_link(read, key, explanation.span(key), correct=False) for key in known)
    }
    return {
        "text": nbsp(reason.text),
        "tag": label,
        "tag_kind": kind,
        "law": reason.law if reason.law and reason.law.title else None,
        "sources": list(links.values())[:3],
    }


def _break_even_words(result: Result, point: BreakEven | None) -> list[str]:
    if point is None:
        return []
    words = []
    if result.status == results.ELIGIBLE and point.stops_above and point.stops_above > point.now:
        words.append(
            _("Au-dessus de %(limit)s de revenus nets par mois, vous n’y auriez plus droit.")
            % {"limit": euros(point.stops_above)}
        )
    if result.status == results.NOT_ELIGIBLE and point.stops_above and point.now > point.stops_above:
        gap = {"gap": euros(point.now - point.stops_above), "limit": euros(point.stops_above)}
        words.append(
            _(
                "Si vos revenus baissaient de plus de %(gap)s par mois, vous y auriez droit : "
                "le point exact est %(limit)s."
            )
            % gap
        )
    if result.status == results.NOT_ELIGIBLE and point.starts_above and point.now < point.starts_above:
        words.append(
            _("Avec au moins %(limit)s de revenus nets par mois, vous y auriez droit.")
            % {"limit": euros(point.starts_above)}
        )
    return words


def why_local(line: LocalResult) -> dict[str, Any]:
    amount, period = local.price_words(line.aid.rule, line.outcome, line.facts)
    granted = line.status in {"granted", "to_check"}
    words = {"aid": line.aid.name, "amount": f"{amount} {period}".strip()}
    text = _("%(aid)s : pourquoi %(amount)s") if granted else _("%(aid)s : pourquoi vous n’y avez pas droit")
    if line.status == "unknown":
        text = _("%(aid)s : ce qu’il manque pour le savoir")
    return {
        "title": nbsp(text % words),
        "line": line,
        "lead": catalogue.in_words(line.aid.rules["institution"]["name"]),
        "conditions": [_local_condition(reason) for reason in line.outcome.reasons],
        "legal_act": line.aid.rules["legal_act"],
        "instructions": catalogue.in_words(line.aid.rules["instructions"]),
        "contact": catalogue.in_words(line.aid.rules["contact"]),
        "until": long_date(line.aid.valid_to) if line.aid.valid_to else "",
    }


def _local_condition(reason: local.LocalReason) -> dict[str, Any]:
    tag, tag_kind = {
        local.YES: (_("Remplie"), "ok"),
        local.NO: (_("Pas remplie"), "expired"),
        local.MISSING: (_("À savoir"), "soon"),
        local.MANUAL: (_("Vérifiée par la ville"), ""),
    }[reason.answer]
    return {"text": _sentence_case(reason.text), "tag": tag, "tag_kind": tag_kind, "sources": [], "law": None}


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
>>>>>>> main
