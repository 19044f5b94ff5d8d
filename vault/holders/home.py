"""This app's parts of the resident's home page: ending connections, requests to send or without an answer."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.pages import home
from core.templatetags.civic import short_date
from vault.holders import connectors
from vault.holders.enums import RequestState
from vault.holders.models import Connection, DataRequest
from vault.records.content import holder_catalogue

#: How many organisations the way to begin names.
NAMED = 4


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    if not home.has(request, "values"):
        yield from _ways()
    if home.has(request, "connections_to_renew"):
        yield from _connections()
    if home.has(request, "data_requests"):
        yield from _requests()


def _unanswered() -> QuerySet[DataRequest]:
    return DataRequest.objects.filter(answered_on=None, complained_on=None)


home.look_for(connections_to_renew=lambda: Connection.objects.to_renew(), data_requests=_unanswered)


def _ways() -> Iterator[home.Part]:
    """Yield the way to begin by an organisation, where the city is connected to one."""
    names = [holder_catalogue.name(code) for code in connectors.available()]
    if names:
        yield home.Way(
            title=_("Me connecter à un organisme"),
            needs=_("Votre identité, confirmée par FranceConnect"),
            gives=_("Ce qu’il sait de vous, vérifié : %(names)s") % {"names": ", ".join(names[:NAMED])},
            time=_("Une minute, rien à taper"),
            href=reverse("holders:connections"),
            action=_("Me connecter"),
            icon="vault",
            order=10,
        )


def _connections() -> Iterator[home.Part]:
    """Yield connections that the holder has ended, and monthly connections that end within 30 days."""
    for connection in Connection.objects.to_renew():
        href = reverse("holders:connection", args=[connection.pk])
        values = {"holder": holder_catalogue.name(connection.holder), "day": short_date(connection.expires_on)}
        if connection.problem == "consent_over":
            yield home.ToDo(
                _("Renouveler votre accord : %(holder)s") % values,
                href,
                tag=_("Terminé"),
                tag_kind="expired",
                order=30,
            )
        else:
            name = _("La connexion à %(holder)s se termine le %(day)s") % values
            yield home.ToDo(name, href, hint=_("Renouvelez-la si elle vous sert encore."), tag=_("Bientôt"), order=30)


def _requests() -> Iterator[home.Part]:
    for request in _unanswered():
        label, href = holder_catalogue.name(request.holder), reverse("holders:request", args=[request.pk])
        if request.state == RequestState.DRAFT:
            name = _("Envoyer votre demande : %(holder)s") % {"holder": label}
            yield home.ToDo(name, href, hint=_("La lettre est prête."), tag=request.state.label, order=50)
        elif request.state == RequestState.LATE:
            name = _("Votre demande est restée sans réponse : %(holder)s") % {"holder": label}
            hint = (
                _("Déposez plainte à la CNIL si rien ne vient.")
                if request.reminded_on
                else _("La lettre de relance est prête.")
            )
            yield home.ToDo(name, href, hint=hint, tag=request.state.label, tag_kind="expired", order=15)
