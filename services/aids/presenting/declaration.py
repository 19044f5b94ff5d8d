"""Put the declaration's months beside the payslips, in words, and write the correction."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from core.templatetags.civic import long_date, money, nbsp
from core.templatetags.civic import month as month_words
from services.aids import prefilled
from services.aids.actions.declaration import Declaration
from services.aids.prefilled import Month
from vault.sharing.presenting.erasure_letters import Letter, Part


def page(found: Declaration, compared: Sequence[Month]) -> dict[str, Any]:
    first, *_rest, last = found.months
    corrections = [one for one in compared if one.to_correct]
    return {
        "span": nbsp(
            _("Votre déclaration (%(month)s) lit vos revenus entre %(first)s et %(last)s.")
            % {"month": month_words(found.month), "first": month_words(first), "last": month_words(last)}
        ),
        "table": _table(compared) if compared else None,
        "gaps": [_gap(one) for one in compared if one.to_correct or one.reason],
        "corrections": bool(corrections),
        "to_add": [
            _to_add(*one)
            for person, _name in found.adults
            for one in prefilled.never_filled(found.values, person, found.month)
        ],
        "never": never_words(),
    }


def read_words(found: int, asked: int) -> str:
    """Return what was read of a photo: amounts to check, and those left to type."""
    words = ngettext("%(found)s montant lu.", "%(found)s montants lus.", found) % {"found": found}
    if found < asked:
        return f"{words} {_('Vérifiez, et écrivez ce qui manque.')}"
    return f"{words} {_('Vérifiez avant de comparer.')}"


def _table(compared: Sequence[Month]) -> dict[str, Any]:
    heads = [
        {"label": _("Mois")},
        {"label": _("Rempli par la CAF"), "num": True},
        {"label": _("Vos bulletins, net social"), "num": True},
        {"label": _("Écart"), "num": True},
    ]
    rows = [
        [
            capfirst(month_of(one)),
            money(one.filled),
            money(one.known) if one.slips else _("Pas de bulletin"),
            _signed(one) if one.to_correct else _("Aucun") if one.slips else "",
        ]
        for one in compared
    ]
    return {"heads": heads, "rows": rows}


def _signed(one: Month) -> str:
    return f"{'+' if one.gap > 0 else '−'}{money(abs(one.gap))}"


def _gap(one: Month) -> dict[str, Any]:
    papers = [
        {
            "href": reverse("records:paper", args=[slip.record.paper_id])
            if slip.record.paper_id
            else reverse("records:history", args=[slip.record.record_id]),
            "label": _("Voir le bulletin") if slip.record.paper_id else _("Voir la valeur"),
            "hidden": f"({slip.payer or month_words(one.month)})",
        }
        for slip in one.slips
    ]
    add = [{"href": reverse("records:add_paper"), "label": _("Ajouter le bulletin"), "hidden": f"({one.month})"}]
    return {
        "amount": _signed(one) if one.to_correct else _("À vérifier"),
        "title": capfirst(month_of(one)),
        "text": nbsp(reason_words(one)),
        "links": papers or add,
    }


def month_of(one: Month) -> str:
    """Return the month in words, with the partner's name if it is theirs."""
    return f"{month_words(one.month)}, {one.who}" if one.who else month_words(one.month)


def reason_words(one: Month) -> str:
    """Return what may explain a month's gap, and what to write instead."""
    if one.reason == "no_slip":
        return _("Votre coffre n’a pas de bulletin pour ce mois : ajoutez-le, ou vérifiez sur le papier.")
    words = {
        "missing": _("La CAF n’a rien reçu pour ce mois, et vous avez un bulletin."),
        "employer": _("Il manque un employeur : %(payer)s.") % {"payer": one.words[0] if one.words else ""},
        "net_avant_impot": _("C’est le net avant impôt du bulletin, pas le net social."),
        "net_imposable": _("C’est le net imposable du bulletin, pas le net social."),
        "shifted": _("C’est le montant d’un autre mois, %(month)s : la CAF compte le mois où l’employeur a payé.")
        % {"month": month_words(one.words[0]) if one.words else ""},
        "unknown": _("Aucun montant des bulletins ne donne ce chiffre : l’employeur a pu le déclarer autrement."),
    }
    text = _("À corriger : %(known)s au lieu de %(filled)s.") % {
        "known": money(one.known),
        "filled": money(one.filled),
    }
    if one.reason == "shifted":
        text = _("Regardez la date de paiement sur le bulletin avant de corriger.")
    return f"{words[one.reason]} {text}"


def _to_add(nature: str, month: str, euros: object) -> dict[str, str]:
    text = _("%(amount)s en %(month)s, d’après votre coffre") % {"amount": money(euros), "month": month_words(month)}
    return {"label": nature_words(nature), "text": str(nbsp(text))}


def nature_words(nature: str) -> str:
    return {
        "pension_alimentaire_recue": _("Pension alimentaire reçue"),
        "micro_entreprise": _("Revenus d’indépendant"),
        "loyers_percus": _("Loyers reçus"),
    }[nature]


def never_words() -> list[str]:
    """Return what the CAF never fills in, also if the vault has none of it."""
    return [
        _("Revenus d’indépendant ou de micro-entreprise"),
        _("Pension alimentaire reçue"),
        _("Salaires ou pensions de l’étranger"),
        _("Loyers, intérêts et dividendes"),
        _("Dons et aides de proches"),
    ]


def letter(found: Declaration, compared: Sequence[Month]) -> Letter:
    """Return the correction to send with the payslips, in French."""
    corrected = [one for one in compared if one.to_correct]
    with override("fr"):
        lines = "\n".join(
            f"– {month_of(one)} : {money(one.known)} au lieu de {money(one.filled)}."
            f" {'Bulletins joints' if len(one.slips) > 1 else 'Bulletin joint'}"
            + (f" : {', '.join(slip.payer for slip in one.slips if slip.payer)}." if one.slips[0].payer else ".")
            for one in corrected
        )
        parts = [
            Part("Ce que je corrige", lines),
            Part(
                "Ce que je vous demande",
                "De compter le montant net social de mes bulletins, et de calculer mes droits avec lui. Chacun peut"
                " faire corriger une erreur de bonne foi (code des relations entre le public et l’administration,"
                " article L123-1).",
            ),
        ]
        return Letter(
            "Correction de ma déclaration trimestrielle préremplie",
            [found.name or "Mon nom", "Mon numéro d’allocataire : ..................."],
            ["Caisse d’allocations familiales", "Service des droits"],
            long_date(timezone.localdate()),
            parts,
            found.name or "Signature",
        )
