"""The page of consent, to which a service sends a resident. It never skips itself, whatever the request says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.models import User
from accounts.perms import owns_a_vault
from accounts.sign_in import reauthentication
from certification.access import asking, details, server, signing_in
from certification.access.actions import consent
from certification.access.asking import Asked, MayNotAsk, Why
from certification.access.fapi import par
from certification.access.forms import ConsentForm
from certification.access.issuers import LIVE
from certification.access.presenting import consent as words
from certification.access.server import FormOver, NoWayBack, Request, Sent
from certification.labels.presenting import wording
from vault.records import gate
from vault.records.gate import passing_on
from vault.records.models import Grant, Paper
from vault.records.values.decrypted import PaperOpened
from vault.sharing.actions import household
from vault.sharing.presenting.household import values_by_item

#: As the journal says it: the resident looks at what a service asks for.
LOOKING = gettext_noop("Vous montrer ce qu’un service demande")


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    return answered_by_page(request, _answered if request.method == "POST" else _shown)


def answered_by_page(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Call a view of the page of consent; say what it refuses."""
    try:
        return view(request)
    except NoWayBack:
        return _stopped(request, "no_way_back", 400)
    except FormOver:
        return _stopped(request, "form_over", 400)
    except par.Over:
        return _stopped(request, "handle_over", 400)
    except MayNotAsk as refused:
        return _stopped(request, refused.why.value, 403)
    except Sent as sent:
        return _leave(request, sent.client.service.name, sent.address)


def _shown(request: HttpRequest) -> HttpResponse:
    query, handle = par.opened(request, LIVE)
    asked = server.checked(query, signed_in=request.user.is_authenticated, handle=handle)
    if first := signed_in_first(request, asked):
        return first
    resident = _resident(request)
    return _confirmed_page(resident, question(asked, resident.user), None)


def signed_in_first(request: HttpRequest, asked: Request) -> HttpResponse | None:
    """Return where a visitor signs in, or where somebody shows again who they are, or None."""
    must_again = signing_in.is_due(request, asked)
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return redirect(reauthentication.page(request)) if must_again else None


def _resident(request: HttpRequest) -> SignedInRequest:
    """Refuse whoever owns no vault: an agent, a companion or a publisher's member has nothing to agree to."""
    if not owns_a_vault(request):
        raise PermissionDenied
    return cast(SignedInRequest, request)


def _answered(request: HttpRequest) -> HttpResponse:
    """Take the resident's answer. What was asked comes from the signed state, and is checked again."""
    if not request.user.is_authenticated:
        raise FormOver
    query, handle, _persona = server.reopened(request.POST.get("state", ""), request.user)
    resident = _resident(request)
    asked = server.checked(query, signed_in=True, handle=handle)
    return take_answer(resident, resident.user, asked, partial(_confirmed_page, resident))


@dataclass(frozen=True)
class Question:
    """A program's request to a person, and the grant by which they agreed to some of it before."""

    request: Request
    asked: Asked
    former: Grant | None

    @property
    def agreed(self) -> list[str | UUID]:
        """Return the items, papers and types to write that the person agreed to before."""
        if self.former is None:
            return []
        written = consent.agreed_writes(self.former)
        return [*consent.agreed_items(self.former), *consent.agreed_papers(self.former), *written]


def question(asked: Request, person: User) -> Question:
    """Return what is asked of a person. Call it in their scope.

    Raises:
        Sent: also for delicate data that the program did not push a request for, or if it means another person.
        MayNotAsk
    """
    server.check_person(asked, person)
    what = _asked(asked)
    if not asked.handle and not what.is_ordinary:
        raise server.refused(asked, "invalid_request", server.PUSH)
    return Question(asked, what, consent.standing_grant(what))


def take_answer(
    request: HttpRequest, person: User, asked: Request, page: Callable[[Question, Any], HttpResponse]
) -> HttpResponse:
    """Take a person's answer, in their scope: refuse, keep what is agreed already, or what `page` makes of a form."""
    answer = request.POST.get("answer", "")
    if answer == "refuse":
        _close(request, asked)
        raise server.refused(asked, "access_denied", "The resident did not agree.")
    found = question(asked, person)
    if answer == "keep" and found.former is not None:
        return _leave_with_code(request, asked, found.former, person)
    return page(found, request.POST if answer == "accept" else None)


def _confirmed_page(request: SignedInRequest, found: Question, sent: Any) -> HttpResponse:  # noqa: ANN401 - as below
    """Return the page of consent, for a resident who has shown who they are if it asks for delicate data."""
    if found.asked.is_sensitive(found.agreed) and not reauthentication.was_recent(request):
        address = f"{request.path}?{found.request.own_query}"
        return redirect(reauthentication.page(request) if sent is None else address)
    context = {"action": reverse("access:authorize"), "state": server.signed(found.request, request.user)}
    return consent_page(request, request.user, found, sent, context)


def consent_page(
    request: HttpRequest,
    person: User,
    found: Question,
    sent: Any,  # noqa: ANN401 - a QueryDict, or None
    more: Mapping[str, Any],
) -> HttpResponse:
    """Return the page of consent for a person, in their scope; or give their consent, if `sent` says so.

    Args:
        more: for the template: where the form goes, and its signed state.
    """
    what, former, agreed = found.asked, found.former, found.agreed
    shown = what.shown_with(agreed)
    values = household.values_today(resident_id=person.pk, agreement=shown)
    terms = passing_on.Terms()
    held = values_by_item(shown, terms.part(values))
    papers = _papers(person, what, agreed)
    form = ConsentForm(what, held, papers, agreed, sent)
    # Without a purpose in the request, another label may have another one since the page was shown.
    seen = f"{what.version.pk.hex}{household.fingerprint(values)}"
    changed = sent is not None and sent.get("seen") != seen
    if sent is not None and not changed and form.is_valid():
        grant = consent.give(resident_id=person.pk, by=person.pk, asked=what, terms=form.terms)
        return _leave_with_code(request, found.request, grant, person)
    context = {
        "asked": what,
        "special": what.is_special(agreed),
        **words.closed(shown, values_by_item(shown, values), held, terms.why(values)),
        "about": words.about(what),
        "needed": words.needed(what, held, agreed),
        "agreed": words.agreed_lines(what, held, papers, agreed),
        "until": former.ends_at if former else None,
        "words": what.agreement.rendered_words(what.service.name),
        "form": ConsentForm(what, held, papers, agreed) if changed else form,
        "changed": changed,
        "seen": seen,
        **more,
    }
    return render(request, "access/consent.html", context)


def _asked(asked: Request) -> Asked:
    try:
        found = details.read({name: asked.query.get(name, "") for name in ("authorization_details", "purpose")})
    except details.Malformed as error:
        raise server.refused(asked, "invalid_authorization_details", str(error)) from error
    return asking.asked_by(asked.client, found)


def _papers(person: User, asked: Asked, agreed: Sequence[str | UUID]) -> Sequence[PaperOpened]:
    """Return the person's papers of the kinds that are asked for, and those agreed already, with their titles."""
    kinds = [paper.kind for paper in asked.papers]
    shown = Q(kind__in=kinds) | Q(pk__in=[one for one in agreed if isinstance(one, UUID)])
    ids: list[UUID] = list(Paper.objects.kept().filter(shown).values_list("pk", flat=True)) if kinds or agreed else []
    return gate.own_papers(resident_id=person.pk, purpose=LOOKING, paper_ids=ids) if ids else []


def _leave_with_code(request: HttpRequest, asked: Request, grant: Grant, person: User) -> HttpResponse:
    _close(request, asked)
    at = datetime.fromtimestamp(reauthentication.last_at(request), UTC)
    return _leave(request, asked.client.service.name, server.code_for(asked, person, grant.pk, at))


def _close(request: HttpRequest, asked: Request) -> None:
    par.close(request.session, asked.handle)
    signing_in.forget(request.session, asked)


def _leave(request: HttpRequest, service: str, address: str) -> HttpResponse:
    """Show a page that goes to the service at once: the policy of forms forbids a form to lead to another site."""
    return render(request, "account/leave.html", {"address": address, "provider": service, "to_service": True})


def _stopped(request: HttpRequest, why: str, status: int) -> HttpResponse:
    titles = {
        "no_way_back": _("Cette demande n’est pas complète"),
        "form_over": _("Cette page est restée ouverte trop longtemps"),
        "handle_over": _("Ce lien ne peut plus servir"),
        Why.NO_LABEL: wording.now().not_now,
        Why.TOO_MUCH: wording.now().beyond,
        Why.UNCLEAR: _("Ce service ne dit pas ce qu’il veut faire"),
    }
    texts = {
        "no_way_back": _("Le service qui vous envoie n’est pas connu ici, ou son adresse de retour ne l’est pas."),
        "form_over": _("Vos valeurs ont pu changer depuis. Retournez sur le service, puis recommencez."),
        "handle_over": _("Il est valable une minute, une seule fois. Retournez sur le service, puis recommencez."),
        Why.NO_LABEL: _("La ville ne le laisse rien demander aujourd’hui."),
        Why.TOO_MUCH: _("Il demande des données que la ville ne lui a pas permis de demander."),
        Why.UNCLEAR: _("Le but qu’il annonce n’est pas au registre de la ville."),
    }
    context = {"title": titles[why], "text": texts[why]}
    return render(request, "access/stopped.html", context, status=status)
