"""What waits for the resident, in the words of the home page."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.pages import home
from core.templatetags.civic import money, nbsp, short_date
from services.aids import benefits
from services.aids.actions.waiting import Asked, Claim, Waiting

#: How many new aids the page names.
NEW: Final = 3


def euros(amount: Decimal) -> str:
    return money(round(amount))


def headline(found: Waiting) -> home.HomeBlock:
    """Return the amount that waits with the next act, or the question that would give one."""
    unit = next((unit for unit in benefits.UNIT_WORDS if found.totals.get(unit)), "")
    context = _amount(found, unit) if unit else _without_amount(found)
    return home.HomeBlock(home.Slot.HEADLINE, "aids/home_headline.html", context, order=20, lede=lede(found))


def lede(found: Waiting) -> str:
    count = len(found.claims)
    if not count:
        return ""
    return ngettext("Une aide vous attend.", "%(count)s aides vous attendent.", count) % {"count": count}


def _amount(found: Waiting, unit: str) -> dict[str, Any]:
    title = _("Argent qui vous attend") if found.knows_received else _("Ce que vous pourriez recevoir")
    others = [
        _("Et %(amount)s %(unit)s.") % {"amount": euros(found.totals[other]), "unit": words}
        for other, words in benefits.UNIT_WORDS.items()
        if other != unit and found.totals.get(other)
    ]
    return {
        "title": title,
        "number": euros(found.totals[unit]),
        "unit": benefits.UNIT_WORDS[unit],
        "text": nbsp(" ".join([*others, _("Ce sont des estimations : l’organisme décide.")])),
        **_next(found),
    }


def _next(found: Waiting) -> dict[str, Any]:
    """Return the next act: the dossier of the largest aid that has one, else the list."""
    everything = reverse("aids:home")
    paid = sorted(found.claims, key=lambda claim: not claim.in_total)
    first = next((claim for claim in paid if _dossier(claim)), None)
    if first is None:
        return {"href": everything, "action": _("Voir mes aides")}
    address = f"{reverse('dossiers:new')}?{urlencode({'aide': _dossier(first)})}"
    action = _("Demander : %(aid)s") % {"aid": first.title}
    return {"href": address, "action": action, "link_href": everything, "link": _("Toutes mes aides")}


def _dossier(claim: Claim) -> str:
    known = benefits.BY_CODE.get(claim.code)
    return known.dossier if known else ""


def _without_amount(found: Waiting) -> dict[str, Any]:
    everything = reverse("aids:home")
    if not found.unknown:
        text = _("Le calcul part de votre coffre. Chaque résultat dit pourquoi.")
        return {
            "title": _("Quelles aides pour vous ?"),
            "text": text,
            "href": everything,
            "action": _("Voir mes aides"),
        }
    text = ngettext(
        "%(count)s aide attend une réponse de vous. Chaque réponse précise le résultat.",
        "%(count)s aides attendent une réponse de vous. Chaque réponse précise le résultat.",
        found.unknown,
    ) % {"count": found.unknown}
    return {
        "title": _("Pas encore de montant"),
        "text": text,
        "href": reverse("aids:interview"),
        "action": _("Répondre"),
        "link_href": everything,
        "link": _("Voir ce qui manque"),
    }


def question(asked: Asked) -> home.ToDo:
    """Return the question that may bring most. Its text is kept in French: a page in another language names it."""
    text = asked.text if get_language() == "fr" else _(asked.text)
    if get_language() != "fr" and text == asked.text:
        text = _("Répondre à une question sur vos aides")
    tag = _("Peut ouvrir un droit")
    if asked.most:
        tag = _("Jusqu’à %(amount)s %(unit)s") % {
            "amount": euros(asked.most),
            "unit": benefits.UNIT_WORDS[asked.unit],
        }
    hint = _("C’est la réponse qui peut rapporter le plus.")
    href = reverse("aids:question", args=[asked.place])
    return home.ToDo(nbsp(text), href, hint=hint, tag=nbsp(tag), tag_kind="estimate", order=35)


def news(found: Waiting, last_visit: date | None) -> list[dict[str, Any]]:
    """Return the aids found since the last visit as rows for `components/lines.html`."""
    rows = []
    for claim in [claim for claim in found.claims if claim.is_new(last_visit)][:NEW]:
        amount = f"{euros(claim.amount)} {benefits.UNIT_WORDS[claim.unit]}. " if claim.amount else ""
        since = _("Trouvée le %(day)s.") % {"day": short_date(claim.since)}
        known = claim.code in benefits.BY_CODE
        href = reverse("aids:why", args=[claim.code]) if known else reverse("aids:home")
        rows.append({"label": claim.title, "href": href, "text": f"{amount}{since}"})
    return rows
