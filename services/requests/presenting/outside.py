"""Words of requests to offices outside Garant."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date, short_date
from services.requests.actions import outside as actions
from services.requests.enums import OutsideAnswer, OutsideStep
from services.requests.models import OutsideRequest

#: By the slug of its page.
STEPS = {
    "envoi": OutsideStep.SENT,
    "papier-demande": OutsideStep.ASKED,
    "papier-envoye": OutsideStep.SUPPLIED,
    "reponse": OutsideStep.ANSWERED,
}
SLUGS = {step: slug for slug, step in STEPS.items()}


def state(row: OutsideRequest) -> tuple[str, str]:
    """Return the tag of a request and its kind."""
    if row.ends_on is not None and row.ends_soon and row.ends_on >= timezone.localdate():
        return _("Bientôt fini"), "soon"
    if row.answered_on is not None:
        kind = "ok" if row.answer == OutsideAnswer.GRANTED else "expired"
        return str(OutsideAnswer(row.answer).label), kind
    if row.is_stopped:
        return _("Papier à envoyer"), "soon"
    return (_("Délai passé"), "expired") if row.is_late else (_("En attente"), "")


def listed(row: OutsideRequest) -> dict[str, str]:
    """Return a row of the resident's list. The office's name is sealed, and left to the request's page."""
    tag, kind = state(row)
    text = _("envoyée par vous le %(day)s, hors de Garant") % {"day": short_date(row.sent_on)}
    if row.ends_on is not None:
        text = _("%(sent)s ; accordée jusqu’au %(day)s") % {"sent": text, "day": long_date(row.ends_on)}
    return {
        "label": row.name,
        "href": reverse("requests:outside", args=[row.pk]),
        "text": text,
        "tag": tag,
        "tag_kind": kind,
    }


def gist(row: OutsideRequest) -> str:
    """Return where the request is, in one sentence."""
    if row.answered_on is not None:
        if row.ends_on is not None:
            return _("L’organisme a dit oui, jusqu’au %(day)s. Gardez sa lettre dans votre coffre.") % {
                "day": long_date(row.ends_on)
            }
        if row.answer == OutsideAnswer.GRANTED:
            return _("L’organisme a dit oui. Gardez sa lettre dans votre coffre.")
        return _("L’organisme a dit non. Voici comment contester.")
    if row.is_stopped:
        return _("L’organisme attend un papier de vous. Son délai est arrêté jusqu’à ce que vous l’envoyiez.")
    granting = actions.silence_grants(row)
    if row.is_late:
        if granting:
            return _("Le délai est passé : sans réponse, c’est accordé. Demandez-le-lui par écrit.")
        return _("Le délai est passé : sans réponse, c’est un refus. Vous pouvez contester.")
    silence = (
        _("Sans réponse ce jour-là, c’est accordé.") if granting else _("Sans réponse ce jour-là, c’est un refus.")
    )
    return _("Réponse avant le %(day)s. %(silence)s") % {"day": long_date(row.due_on), "silence": silence}


def again(row: OutsideRequest) -> str:
    """Return where to ask for the same again; empty until what was granted ends soon."""
    return f"{reverse('dossiers:new')}?{urlencode([('aide', code) for code in row.aids])}" if row.ends_soon else ""


def may_appeal(row: OutsideRequest) -> bool:
    if row.answered_on is not None:
        return row.answer == OutsideAnswer.REFUSED
    return row.is_late and not actions.silence_grants(row)


def days(row: OutsideRequest) -> list[dict[str, str]]:
    """Return the days that were noted, each with the page that changes it."""
    return [
        {"key": str(step.label), "value": long_date(on), "href": _page(row, step)}
        for step in OutsideStep
        if (on := getattr(row, f"{step}_on")) is not None
    ]


def steps(row: OutsideRequest) -> list[dict[str, Any]]:
    """Return what may be noted next, the most useful first."""
    if not row.is_open:
        return []
    first = OutsideStep.SUPPLIED if row.is_stopped else OutsideStep.ANSWERED
    then = OutsideStep.ANSWERED if row.is_stopped else OutsideStep.ASKED
    words = {
        OutsideStep.SUPPLIED: _("J’ai envoyé le papier"),
        OutsideStep.ANSWERED: _("La réponse est arrivée"),
        OutsideStep.ASKED: _("On me demande un papier"),
    }
    return [{"label": words[step], "href": _page(row, step)} for step in (first, then)]


def _page(row: OutsideRequest, step: OutsideStep) -> str:
    return reverse("requests:outside_step", args=[row.pk, SLUGS[step]])
