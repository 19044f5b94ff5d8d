"""Words of plans: why one is refused, what its tables would show, what the worst attacker would learn."""

from typing import Any

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.noise import attackers, budget, preview
from campaigns.noise.plan import Dimension, Measure, Plan
from campaigns.noise.refusals import Refusal
from core.templatetags import civic


def language() -> str:
    return "en" if get_language() == "en" else "fr"


def refusal_words(reason: Refusal) -> str:
    """Return why a plan is refused, and what to change."""
    known = {
        "small_zone": _("« %(zone)s » a %(population)s habitants : il en faut %(least)s."),
        "two_zonings": _("Les zones ne s’emboîtent pas : la somme des habitants doit être celle de la zone entière."),
        "no_zoning": _("Il manque les zones de la ville."),
        "cyclic_zoning": _("Une zone se contient elle-même."),
        "too_deep": _("Les zones s’emboîtent sur trois niveaux au plus."),
        "double_code": _("Un code est écrit deux fois : %(codes)s."),
        "unknown_zone": _("Une zone est dans une zone inconnue : %(codes)s."),
        "three_dimensions": _("Trois dimensions feraient des cases de quelques personnes : deux au plus."),
        "edges_from_data": _("Les bornes viennent de chiffres publics, jamais des réponses : citez-les."),
        "over_budget": _("Les tableaux dépensent plus que la protection choisie ne permet."),
        "dates_from_data": _("Les dates sont des jours du calendrier, fixés d’avance."),
        "dates_in_order": _("Les dates se suivent, à huit jours au moins."),
        "too_many_cells": _("Les tableaux ont trop de cases."),
        "other_threshold": _("Le seuil compte les personnes, avec le hasard."),
        "unknown_field": _("Un champ est inconnu : %(names)s."),
        "no_holder": _("Choisissez l’organisme à qui les habitants demandent leurs données."),
        "portability_shape": _("La portabilité ne compte que des demandes : envoyées, répondues, en retard."),
        "group_too_small": _("Le minimum et les votes nécessaires dépassent le groupe de %(invited)s personnes."),
        "group_votes_late": _("Le groupe vote avant le jour de l’ouverture."),
        "unwritten": _("Écrivez la question et le but, en français et en anglais."),
        "unused_column": _("« %(column)s » n’est dans aucun tableau : ne le demandez pas, ou publiez un tableau."),
        "identity": _("Une consultation ne demande à personne qui il est : changez « %(text)s »."),
        "street": _("« %(zone)s » est une rue ou un bâtiment, pas une zone : réunissez-la à ses voisines."),
        "opens_in_the_past": _("L’ouverture n’est plus à venir : changez les dates."),
        "missing_field": _("Il manque un champ : %(names)s."),
    }
    values = {name: ", ".join(value) if isinstance(value, list) else value for name, value in reason.values.items()}
    if reason.code in known:
        return known[reason.code] % values
    return _("Le plan n’a pas la forme attendue, à « %(path)s ».") % {"path": reason.path}


def number(value: float, digits: int = 0) -> str:
    return formats.number_format(value, digits, force_grouping=True)


def preview_rows(plan: Plan) -> list[list[str]]:
    """Return one row for each table: its name, then the margin of 95 % and cells for each number of contributors."""
    rows = []
    for table in plan.tables:
        row = [table.label.in_language(language())]
        for contributors in preview.numbers_of(plan):
            found = preview.expected(plan, table, contributors)
            values: dict[str, int | str] = {"shown": round(found.shown), "all": found.cells}
            if found.margin is None:
                row.append(_("%(shown)s cases sur %(all)s") % values)
            else:
                values["margin"] = _margin(plan, table.measure, found.margin)
                row.append(_("%(margin)s, %(shown)s sur %(all)s") % values)
        rows.append(row)
    return rows


def _margin(plan: Plan, measure: str | None, margin: float) -> str:
    value, unit = (margin, plan.measure(measure).unit) if measure else (100 * margin, "%")
    if value < 0.1:
        return _("moins de %(value)s") % {"value": f"{number(0.1, 1)}\u00a0{unit}"}
    return f"±\u00a0{number(value, 0 if value >= 2 else 1)}\u00a0{unit}"


def attacker_words(plan: Plan) -> list[str]:
    """Return what the worst attacker could learn, in sentences."""
    right, found = round(100 * attackers.right_between_two(plan.rho)), 100 * attackers.found_at(plan.rho)
    prior = round(100 * attackers.right_with_prior(plan.rho, 0.5))
    several = round(100 * attackers.some_found_of(plan.rho, 10))
    sentences = [
        _("Entre deux personnes dont une a participé, il désigne la bonne %(right)s fois sur 100, au lieu de 50.")
        % {"right": right},
        _("S’il doute une fois sur deux qu’une personne a participé, il devine juste %(prior)s fois sur 100.")
        % {"prior": prior},
        _("S’il accepte de se tromper une fois sur 100, il la repère %(found)s fois sur 100.")
        % {"found": number(found, 1)},
        _("S’il vise dix personnes à la fois, il en repère au moins une %(several)s fois sur 100, au plus.")
        % {"several": several},
    ]
    lone = [table for table in plan.tables if not table.measure and len(table.dimensions) == 2]
    if lone:
        cells = len(plan.dimension(lone[0].dimensions[1]).cells)
        fakes = _("Avec de faux comptes, il trouve sa réponse %(found)s fois sur 100. Au hasard : %(chance)s.")
        found_cell = round(100 * attackers.finds_cell(lone[0].rho, cells))
        sentences.append(fakes % {"found": found_cell, "chance": round(100 / cells)})
    return sentences


def epsilon_words(plan: Plan) -> str:
    return _("Pour les statisticiens : ρ = %(rho)s, soit ε = %(epsilon)s à δ = 10⁻⁶, par personne.") % {
        "rho": number(plan.rho, 3),
        "epsilon": number(round(budget.compute_spending(plan)["epsilon"], 2), 2),
    }


def words_of(column: Dimension | Measure, value: int | list[int] | None) -> str:
    """Return a value of a row in words, or "" if the resident gives none."""
    if value is None:
        return ""
    if isinstance(column, Measure):
        steps = value if isinstance(value, int) else value[0]
        return f"{civic.number(round(column.low + steps * column.step, 6))}\N{NO-BREAK SPACE}{column.unit}"
    indices = value if isinstance(value, list) else [value]
    return ", ".join(column.cells[index].label.in_language(language()) for index in indices)


def finding(plan: Plan) -> str:
    """Return the preview's title: how many tables show most of their cells, with the usual contributors."""
    most = preview.usual(plan)
    found = [preview.expected(plan, table, most) for table in plan.tables]
    clear = sum(one.shown >= one.cells / 2 for one in found)
    sentence = _("À %(most)s personnes, %(clear)s tableaux sur %(all)s se lisent")
    return sentence % {"most": number(most), "clear": clear, "all": len(found)}


def group_words(plan: Plan) -> list[str]:
    """Return how little a group can show, in sentences; nothing of a plan that is open to all."""
    if plan.group is None:
        return []
    hidden = 0
    for table in plan.tables:
        found = preview.expected(plan, table, plan.group.invited)
        hidden += found.cells - round(found.shown)
    sentence = _("Si les %(invited)s personnes invitées répondent toutes, %(hidden)s cases restent cachées.")
    return [
        sentence % {"invited": plan.group.invited, "hidden": number(hidden)},
        _("Un groupe si petit montre peu : gardez un ou deux tableaux, avec peu de cases."),
        _("Elle n’ouvre que si les membres votent oui : %(quorum)s votes au moins, jusqu’au %(day)s.")
        % {"quorum": plan.group.quorum, "day": civic.long_date(plan.group.votes_until)},
    ]


def asked(plan: Plan) -> list[dict[str, Any]]:
    """Return the form as residents see it: each field, and the cells that leave."""
    rows = [
        {
            "key": one.label.in_language(language()),
            "value": _("%(count)s zones ou trajets entre zones") % {"count": len(one.cells)}
            if one.is_of_zones
            else ", ".join(cell.label.in_language(language()) for cell in one.cells),
        }
        for one in plan.dimensions
        if any(one.code in table.dimensions for table in plan.tables)
    ]
    for measure in plan.measures:
        if any(table.measure == measure.code for table in plan.tables):
            bounds = _("De %(low)s à %(high)s %(unit)s, arrondi à %(step)s") % {
                "low": number(measure.low),
                "high": number(measure.high),
                "unit": measure.unit,
                "step": number(measure.step, 0 if measure.step == int(measure.step) else 1),
            }
            rows.append({"key": measure.label.in_language(language()), "value": bounds})
    return rows
