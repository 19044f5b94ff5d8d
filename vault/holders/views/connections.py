"""Pages of connections: connect, agree on the holder's page and come back, see outcomes, pause, stop."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import provider
from accounts.http import SignedInRequest
from core.models import Job
from core.pages import next_act
from core.templatetags.civic import clock, long_date
from vault.holders import connectors
from vault.holders.actions import connections as actions
from vault.holders.actions import pulls
from vault.holders.connectors import Available
from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Civil
from vault.holders.enums import ConnectionState
from vault.holders.forms.connections import ConnectForm, fields_by_dataset
from vault.holders.models import Connection
from vault.holders.presenting import connections as connecting
from vault.holders.views import pushes
from vault.records import gate
from vault.records.content import holder_catalogue
from vault.records.values.decrypted import Values
from vault.types import geography

PREPARE = gettext_noop("Préparer une connexion à un organisme")
LOOK = gettext_noop("Voir une connexion à un organisme")
#: Session key: the connection of each `state` sent to a holder's page.
STATES = "connections"


@require_safe
def connections(request: SignedInRequest) -> HttpResponse:
    """List the connections. No value is decrypted."""
    found = connecting.in_order(list(Connection.objects.open()))
    lines = [connecting.line(one) | {"href": reverse("holders:connection", args=[one.pk])} for one in found]
    taken = {one.holder for one in found if not one.over}
    others = [
        {
            "label": holder_catalogue.name(code),
            "href": reverse("holders:connect", args=[code]),
            "text": " ".join(f"{dataset.label}." for dataset in one.offer.datasets),
        }
        for code, one in connectors.available().items()
        if code not in taken
    ]
    return render(request, "holders/connections.html", {"lines": lines, "others": others})


@require_http_methods(["GET", "POST"])
def connect(request: SignedInRequest, holder: str) -> HttpResponse:
    found = connectors.available().get(holder)
    if found is None:
        raise Http404
    if found.connector.pushes:
        return pushes.accept(request, found)
    values = _prepared(request, found)
    known = _known(found, values)
    form = ConnectForm(found.offer, request.POST if request.method == "POST" else None, known=frozenset(known))
    person = pulls.proven_civil(values, request.user.pk)
    if request.method == "POST" and person is not None and form.is_valid():
        try:
            return _connected(request, found, form, known)
        except actions.Wrong as wrong:
            form.add_error(
                wrong.name, next(str(one.refusal) for one in found.offer.questions if one.name == wrong.name)
            )
    context: dict[str, Any] = {
        "form": form,
        "offer": found.offer,
        "name": holder_catalogue.name(holder),
        "agrees_there": found.connector.agrees_there,
        "datasets": fields_by_dataset(found.offer),
        "person": person,
        "sent": _sent(person) if person and found.connector.sends_identity else [],
        "once": long_date(timezone.localdate() + actions.ONCE),
        "until": long_date(timezone.localdate() + timedelta(days=found.connector.longest_days)),
        "many": len(found.offer.datasets) > 1,
        "franceconnect": provider.is_configured("franceconnect"),
    }
    return render(request, "holders/connect.html", context)


@require_safe
def authorise(request: SignedInRequest, connection_id: UUID) -> HttpResponse:
    """Redirect to the holder's own page. The URL has only a random state; the session says which connection it is."""
    connection = _open(connection_id)
    found = connectors.available().get(connection.holder)
    if connection.state != ConnectionState.ASKED or found is None:
        return redirect("holders:connection", connection_id=connection_id)
    state = secrets.token_urlsafe(32)
    request.session[STATES] = {**dict(list(request.session.get(STATES, {}).items())[-4:]), state: str(connection_id)}
    days = max(1, (connection.expires_on - timezone.localdate()).days)
    config = connectors.config(found.connector)
    return redirect(found.connector.authorise_url(config, state=state, back=_back(request, found), days=days))


@require_safe
def back(request: SignedInRequest, connector: str) -> HttpResponse:
    """Take the holder's answer from the query, activate the connection and start a pull."""
    states: dict[str, str] = request.session.get(STATES, {})
    connection_id = states.pop(request.GET.get("state", ""), None)
    request.session[STATES] = states
    connection = Connection.objects.filter(pk=connection_id, connector=connector).first() if connection_id else None
    if connection is None:
        return render(request, "holders/connection_lost.html", status=400)
    found = connectors.of_holder(connection.holder)
    url = _back(request, found) if found else ""
    try:
        actions.agreed_there(connection=connection, by=request.user.pk, query=request.GET.dict(), back=url)
        job = actions.ask_pull(connection=connection, by=request.user.pk)
    except Fault as fault:
        actions.refused_there(connection=connection, by=request.user.pk, code=fault.code)
        return redirect("holders:connection", connection_id=connection.pk)
    except actions.Closed:
        return redirect("holders:connection", connection_id=connection.pk)
    return redirect("job", job_id=job.pk)


@require_safe
def connection(request: SignedInRequest, connection_id: UUID) -> HttpResponse:
    row = _open(connection_id)
    note = gate.own_note(
        resident_id=request.user.pk,
        purpose=LOOK,
        place=row.place,
        content=bytes(row.content),
        event="connection_looked",
    )
    found = connectors.of_holder(row.holder)
    tag, kind = connecting.state(row)
    running = Job.objects.filter(
        kind=actions.JOB, subject_id=row.pk, state__in=[Job.State.WAITING, Job.State.RUNNING]
    ).first()
    problem = connecting.problem_of(row)
    context: dict[str, Any] = {
        "connection": row,
        "name": connecting.title(row),
        "tag": tag,
        "tag_kind": kind,
        "last": connecting.last(row),
        "until": connecting.until(row),
        "waits": connecting.waits(row),
        "came": connecting.came(row, note["outcomes"]) if note["outcomes"] else [],
        "next": next_act.after_values() if connecting.anything_came(note["outcomes"]) else None,
        "job": running,
        "offer": found.offer if found else None,
        "what": connecting.what(problem, found.offer) if problem and found else "",
        "do": connecting.do(problem) if problem else "",
        "offered": row.holder in connectors.available(),
        "pushed": connecting.is_pushed(row),
        "accepted": connecting.accepted(row) if connecting.is_pushed(row) else [],
        "code": note["kept"].get("code", ""),
        "code_until": long_date(row.created_at + actions.CODE_LASTS),
    }
    return render(request, "holders/connection.html", context)


@require_POST
def receive(request: SignedInRequest, connection_id: UUID) -> HttpResponse:
    row = _open(connection_id)
    try:
        job = actions.ask_pull(connection=row, by=request.user.pk)
    except actions.NotYet as early:
        values = {"day": long_date(early.when), "hour": clock(early.when)}
        messages.info(request, _("L’organisme demande d’attendre le %(day)s, %(hour)s. Rien n’est perdu.") % values)
        return redirect("holders:connection", connection_id=connection_id)
    except actions.Closed:
        messages.warning(request, _("Cette connexion ne demande plus rien. Vous pouvez en faire une nouvelle."))
        return redirect("holders:connection", connection_id=connection_id)
    return redirect("job", job_id=job.pk)


@require_POST
def pause(request: SignedInRequest, connection_id: UUID) -> HttpResponse:
    """Pause an active connection, resume a paused one."""
    row = _open(connection_id)
    if row.state == ConnectionState.PAUSED:
        actions.resume(connection=row, by=request.user.pk)
        messages.success(request, _("La connexion reprend."))
    else:
        actions.pause(connection=row, by=request.user.pk)
        messages.success(request, _("La connexion est en pause : rien n’arrive. Ce qui a été reçu reste."))
    return redirect("holders:connection", connection_id=connection_id)


@require_http_methods(["GET", "POST"])
def stop(request: SignedInRequest, connection_id: UUID) -> HttpResponse:
    row = _open(connection_id)
    if request.method == "POST":
        holder_notified = actions.stop(connection=row, by=request.user.pk)
        done = _("La connexion est arrêtée. Plus rien n’arrive ; ce qui a été reçu reste dans votre coffre.")
        there = "" if holder_notified else _stop_there(row)
        messages.success(request, f"{done} {there}".strip())
        return redirect("holders:connections")
    return render(
        request,
        "holders/stop_connection.html",
        {"connection": row, "name": connecting.title(row), "there": _stop_there(row)},
    )


def _stop_there(row: Connection) -> str:
    """Return how to withdraw on the holder's page an agreement that was given there; else an empty text."""
    found = connectors.of_holder(row.holder)
    if found is None or not found.connector.agrees_there:
        return ""
    return _("Pour l’effacer aussi chez %(holder)s, retirez votre accord dans votre espace client.") % {
        "holder": found.offer.name
    }


def _open(connection_id: UUID) -> Connection:
    return get_object_or_404(Connection.objects.all(), pk=connection_id)


def _back(request: SignedInRequest, found: Available) -> str:
    return request.build_absolute_uri(reverse("holders:connection_back", args=[found.connector.code]))


def _prepared(request: SignedInRequest, found: Available) -> Values:
    asked = [question.known_as for question in found.offer.questions if question.known_as]
    return gate.read_own(resident_id=request.user.pk, purpose=PREPARE, fields=[*pulls.PIVOT, *asked])


def _known(found: Available, values: Values) -> dict[str, str]:
    """Return the answers to questions that the vault knows by a proven value."""
    known = {}
    for question in found.offer.questions:
        type_code, _sharp, name = question.known_as.partition("#/")
        record = values.latest(type_code) if type_code else None
        if record is not None and record.payload.get(name) and record.origin(name).proven:
            known[question.name] = str(record.payload[name])
    return known


def _connected(request: SignedInRequest, found: Available, form: ConnectForm, known: dict[str, str]) -> HttpResponse:
    made = actions.connect(
        resident_id=request.user.pk,
        by=request.user.pk,
        holder=found.offer.code,
        datasets=form.datasets,
        unattended=form.unattended,
        answers={**known, **form.answers},
    )
    if found.connector.agrees_there:
        return redirect("holders:connection", connection_id=made.pk)
    return redirect("job", job_id=actions.ask_pull(connection=made, by=request.user.pk).pk)


def _sent(person: Civil) -> list[dict[str, str]]:
    """Return the exact values that the city sends."""
    rows = [
        (_("Nom de naissance"), person.family_name),
        (_("Prénoms"), " ".join(person.given_names[:3])),
        (_("Nom d’usage"), person.usage_name),
        (_("Date de naissance"), long_date(person.birthdate) if "-00" not in person.birthdate else person.birthdate),
        (_("Commune de naissance, avec son code"), _town(person.birthplace)),
        (_("Sexe"), {"female": _("Féminin"), "male": _("Masculin")}.get(person.gender, "")),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def _town(code: str) -> str:
    place = geography.find("commune", code)
    return f"{place.label}, {code}" if place else code
