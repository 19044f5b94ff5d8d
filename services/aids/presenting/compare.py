"""Put what is paid beside what is computed, with the reason of each gap, and the letter that asks to look again."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from core.templatetags.civic import long_date, money, nbsp
from core.templatetags.civic import month as month_words
from services.aids.actions.compare import Comparison, Line
from services.aids.presenting.results import dossier_url, euros, why_url
from services.aids.presenting.whatif import signed
from services.aids.trials.gaps import Seen, quarter
from vault.sharing.presenting.erasure_letters import Letter, Part


def page(found: Comparison) -> dict[str, Any]:
    month = found.read.household.month
    first, last = quarter(month)
    differing = [line for line in found.lines if line.differs]
    return {
        "paid_month": month_words(found.paid_month),
        "table": {
            "heads": [
                {"label": _("Aide")},
                {"label": _("Payé"), "num": True},
                {"label": _("Calculé"), "num": True},
                {"label": _("Écart"), "num": True},
            ],
            "rows": [
                [str(line.benefit.title), euros(line.paid), euros(line.computed), _gap(line)] for line in found.lines
            ],
        },
        "gaps": [gap_line(line) for line in differing],
        "asks": any(line.paid for line in differing),
        "reads": nbsp(
            _("Pour %(month)s, la CAF lit vos revenus entre %(first)s et %(last)s.")
            % {"month": month_words(month), "first": month_words(first), "last": month_words(last)}
        ),
        "supposed": found.supposed,
    }


def _gap(line: Line) -> str:
    return signed(line.gap) if line.differs else _("Aucun")


def gap_line(line: Line) -> dict[str, Any]:
    links = [{"href": why_url(line.benefit.code), "label": _("Voir le calcul"), "hidden": f"({line.benefit.title})"}]
    if not line.paid and line.benefit.dossier:
        address = dossier_url(line.benefit.dossier)
        links.append({"href": address, "label": _("Préparer le dossier"), "hidden": f"({line.benefit.title})"})
    return {
        "amount": signed(line.gap),
        "title": line.benefit.title,
        "text": nbsp(" ".join(gap_words(line))),
        "links": links,
    }


def gap_words(line: Line) -> list[str]:
    """Return why an aid is paid another amount: the reasons that give it, or that none does."""
    if not line.paid:
        return [_("Elle n’est pas sur votre paiement : elle se demande.")]
    if not line.computed:
        return [*map(reason_words, line.reasons)] or [
            _("Notre calcul ne donne rien. Vérifiez vos valeurs avant d’écrire : la CAF peut réclamer l’argent.")
        ]
    if line.reasons:
        return [reason_words(one) for one in line.reasons]
    return [_("Aucune valeur de votre coffre n’explique cet écart. Demandez le détail du calcul.")]


def reason_words(one: Seen) -> str:
    """Return a reason as a sentence. Each one gives what is paid, to a few euros."""
    words = {
        "months": lambda: (
            _("La CAF a pu compter vos revenus entre %(first)s et %(last)s : ces mois donnent le montant payé.")
            % {"first": month_words(one.words[0]), "last": month_words(one.words[1])}
        ),
        "notice": lambda: (
            _("La CAF a pu lire l’avis des revenus de %(other)s au lieu de %(year)s : il donne le montant payé.")
            % {"other": one.words[0], "year": one.words[1]}
        ),
        "charges": lambda: (
            _("La CAF a pu compter un loyer de %(with)s, charges comprises, au lieu de %(rent)s.")
            % {"with": money(one.words[0]), "rent": money(one.words[1])}
        ),
        "shared": lambda: _("La CAF vous compte peut-être en colocation. Votre coffre dit le contraire."),
        "unshared": lambda: _("La CAF ne vous compte peut-être pas en colocation. Votre coffre le dit."),
        "alone": lambda: _("La CAF vous compte peut-être sans conjoint. Votre coffre en a un."),
        "couple": lambda: _("La CAF vous compte peut-être en couple. Votre coffre dit le contraire."),
    }
    return words[one.reason]()


def letter(found: Comparison) -> Letter:
    """Return the letter to the CAF, in French: each amount, what may explain it, what is asked.

    Law: who is told an amount may ask how it was computed (CRPA L311-3-1) and have a mistake mended (L123-1).
    """
    differing = [line for line in found.lines if line.differs and line.paid]
    with override("fr"):
        asked = (
            "Je vous demande de vérifier ces montants avec ma situation d’aujourd’hui, et de corriger ce qui est faux"
            " (code des relations entre le public et l’administration, article L123-1). Je vous demande aussi le"
            " détail du calcul : les mois, l’avis d’impôt, le loyer et les personnes comptés (article L311-3-1)."
        )
        parts = [
            Part("De quoi il s’agit", f"Votre paiement du mois suivant : {month_words(found.paid_month)}."),
            *(Part(str(line.benefit.title), _letter_words(line)) for line in differing),
            Part("Ce que je vous demande", asked),
        ]
        return Letter(
            "Réexamen de mes droits",
            [found.name or "Mon nom", "Mon numéro d’allocataire : ..................."],
            ["Caisse d’allocations familiales", "Service des droits"],
            long_date(timezone.localdate()),
            parts,
            found.name or "Signature",
        )


def _letter_words(line: Line) -> str:
    lead = f"Vous me versez {money(line.paid)} par mois. D’après mes papiers, le calcul donne {euros(line.computed)}."
    return "\n".join([lead, *_reasons(line.reasons)])


def _reasons(reasons: Sequence[Seen]) -> list[str]:
    return [str(nbsp(reason_words(one))) for one in reasons]
