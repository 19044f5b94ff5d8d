"""The page of consent of the sandbox: a signed-in developer plays a persona, who is asked as a resident would be."""

from functools import partial
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_scopes import scope

from accounts.http import SignedInRequest
from accounts.models import User
from certification.access import server
from certification.access.enums import Environment
from certification.access.fapi import par
from certification.access.issuers import SANDBOX
from certification.access.models import Client
from certification.access.server import FormOver, NoWayBack, Request
from certification.access.views.authorize import (
    Question,
    answered_by_page,
    consent_page,
    question,
    signed_in_first,
    take_answer,
)
from certification.developers.actions import personas
from certification.developers.forms import PersonaForm
from certification.developers.presenting import pages
from certification.labels import perms


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    return answered_by_page(request, _answered if request.method == "POST" else _shown)


def _shown(request: HttpRequest) -> HttpResponse:
    query, handle = par.opened(request, SANDBOX)
    try:
        asked = server.checked(query, signed_in=request.user.is_authenticated, issuer=SANDBOX, handle=handle)
    except NoWayBack:
        return _wrong_address(request, query)
    return signed_in_first(request, asked) or _choice(_developer(request, asked.client), asked, PersonaForm())


def _wrong_address(request: HttpRequest, query: QueryDict) -> HttpResponse:
    """Tell a member of the program's publisher which redirect address came, and which ones it registered.

    Raises:
        NoWayBack: somebody else asks, or the address is not what is wrong.
    """
    found = Client.objects.filter(client_id=query.get("client_id", "").replace("\0", ""), environment=Environment.TEST)
    client = found.select_related("service__publisher").first()
    sent = query.get("redirect_uri", "")
    if client is None or not request.user.is_authenticated or (sent and client.returns_to(sent)):
        raise NoWayBack("another problem")
    _developer(request, client)
    rows = pages.wrong_address(client, sent)
    return render(request, "developers/wrong_address.html", {"rows": rows}, status=400)


def _answered(request: HttpRequest) -> HttpResponse:
    """Take the choice of a persona, or the answer of the persona that was chosen."""
    if not request.user.is_authenticated:
        raise FormOver
    query, handle, slug = server.reopened(request.POST.get("state", ""), request.user)
    asked = server.checked(query, signed_in=True, issuer=SANDBOX, handle=handle)
    developer = _developer(request, asked.client)
    if slug:
        persona = _persona(slug)
        with scope(resident=persona.pk):
            return take_answer(request, persona, asked, partial(_consent, developer, persona, slug))
    form = PersonaForm(request.POST)
    if not form.is_valid():
        return _choice(developer, asked, form)
    slug = form.cleaned_data["persona"]
    persona = _persona(slug)
    with scope(resident=persona.pk):
        found = question(asked, persona)
        personas.bring_papers(persona, [paper.kind for paper in found.asked.papers])
        return _consent(developer, persona, slug, found, None)


def _developer(request: HttpRequest, client: Client) -> SignedInRequest:
    """Refuse whoever does not work for the program's publisher."""
    signed_in = cast(SignedInRequest, request)
    if not signed_in.user.is_publisher:
        raise PermissionDenied
    if perms.member_of(signed_in.user, client.service.publisher) is None:
        raise NoWayBack("another publisher's program")
    return signed_in


def _persona(slug: str) -> User:
    found = personas.account_of(slug)
    if found is None:
        raise NoWayBack("no such persona")
    return found


def _choice(request: SignedInRequest, asked: Request, form: PersonaForm) -> HttpResponse:
    context = {"form": form, "service": asked.client.service.name, "state": server.signed(asked, request.user)}
    return render(request, "developers/play.html", context)


def _consent(
    request: SignedInRequest,
    persona: User,
    slug: str,
    found: Question,
    sent: object,
) -> HttpResponse:
    state = server.signed(found.request, request.user, slug)
    context = {"action": SANDBOX.route("authorize"), "state": state, "persona": persona}
    return consent_page(request, persona, found, sent, context)
