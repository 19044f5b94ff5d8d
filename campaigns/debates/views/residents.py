"""Pages of residents: propose, argue, appeal, vote."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import provider
from accounts.actions.identities import linked
from accounts.http import SignedInRequest
from campaigns.debates.actions import casting, identities
from campaigns.debates.actions import posts as verbs
from campaigns.debates.ballots import Roll
from campaigns.debates.enums import Kind, Means
from campaigns.debates.forms import AppealForm, ArgumentForm, BallotForm, ProposalForm
from campaigns.debates.models import Authorship, Moderation, Vote
from campaigns.debates.presenting import posts
from campaigns.debates.views import finding


@require_http_methods(["GET", "POST"])
def propose(request: SignedInRequest, code: str) -> HttpResponse:
    campaign, me = finding.campaign(code), request.user.pk
    form = ProposalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        title, text = form.cleaned_data["title"], form.cleaned_data["text"]
        return _written(
            request, code, lambda: verbs.propose(resident_id=me, by=me, campaign=campaign, title=title, text=text)
        )
    hint = _("Votre texte est public aussitôt, sans votre nom. Il reste quand vous fermez votre coffre.")
    return _form(request, form, _("Écrire une proposition"), _("Publier ma proposition"), code, hint=hint)


@require_http_methods(["GET", "POST"])
def argue(request: SignedInRequest, code: str, post_id: UUID) -> HttpResponse:
    proposal, me = finding.proposal(code, post_id), request.user.pk
    form = ArgumentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        return _written(
            request,
            code,
            lambda: verbs.argue(resident_id=me, by=me, proposal=proposal, kind=Kind(data["side"]), text=data["text"]),
        )
    hint = _("Public aussitôt, sans votre nom. Ne nommez personne.")
    heading = _("Un argument sur « %(title)s »") % {"title": proposal.title}
    return _form(request, form, heading, _("Publier mon argument"), code, hint=hint)


@require_http_methods(["GET", "POST"])
def appeal(request: SignedInRequest, code: str, post_id: UUID) -> HttpResponse:
    """Contest a decision about one's own post. Anybody else's is a 404."""
    own = get_object_or_404(Authorship, post=finding.post(code, post_id))
    moderation = get_object_or_404(Moderation, post_id=own.post_id, appealed_on=None)
    form = AppealForm(request.POST if request.method == "POST" else None)
    me = request.user.pk
    if request.method == "POST" and form.is_valid():
        try:
            verbs.appeal(resident_id=me, by=me, moderation=moderation, words=form.cleaned_data["text"])
        except verbs.NotNow:
            raise Http404 from None
        messages.success(request, _("Un autre agent que celui qui a écarté votre texte décidera."))
        return redirect("debates:debate", code)
    hint = _("Règle : %(rule)s. Raison : %(reasons)s") % {
        "rule": moderation.get_rule_display(),
        "reasons": moderation.reasons,
    }
    return _form(request, form, _("Contester la décision"), _("Contester"), code, hint=hint)


@require_http_methods(["GET", "POST"])
def vote(request: SignedInRequest, code: str) -> HttpResponse:
    """Tell the voter, and nobody else, whether they voted; lead to the ballot. A POST keeps a proved identity."""
    found, me = finding.approved_vote(code), request.user.pk
    if not found.is_open(timezone.now()):
        return redirect("debates:result", code)
    proved = identities.proved(request)
    if request.method == "POST":
        if proved:
            identities.keep_proved(resident_id=me, by=me, found=proved)
        return redirect("debates:ballot" if proved else "debates:vote", code)
    said = casting.roll(resident=request.user, vote=found)
    identity = identities.of(request.user)
    context = {
        "vote": found,
        "campaign": found.campaign,
        "question": posts.title_of(found.campaign),
        "identity": identity,
        "proved": proved is not None,
        "linked": linked(request.user, Means.FRANCECONNECT) is not None,
        "configured": provider.is_configured(Means.FRANCECONNECT),
        "voted": said == Roll.OWN,
        "elsewhere": said == Roll.OTHER,
        "not_ready": identity is not None and said is None,
    }
    return render(request, "debates/vote.html", context)


@require_http_methods(["GET", "POST"])
def ballot(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask for the choices, show them once more, and cast the ballot. Choices are in the form alone, never stored."""
    found = finding.approved_vote(code)
    if not found.is_open(timezone.now()):
        return redirect("debates:result", code)
    if casting.roll(resident=request.user, vote=found) not in {Roll.NONE, Roll.OWN}:
        return redirect("debates:vote", code)
    form = BallotForm(found, request.POST if request.method == "POST" else None)
    context = {"vote": found, "campaign": found.campaign, "form": form, "question": posts.title_of(found.campaign)}
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "debates/ballot.html", context)
    if "cast" in request.POST:
        return _cast(request, found, form)
    choices = zip(found.titles, form.names, form.choices(), strict=True)
    rows = [{"key": title, "value": choice.label, "name": name, "code": choice} for title, name, choice in choices]
    return render(request, "debates/confirm.html", context | {"rows": rows})


def _cast(request: SignedInRequest, found: Vote, form: BallotForm) -> HttpResponse:
    code = found.campaign.code
    try:
        casting.cast(resident=request.user, by=request.user.pk, vote=found, choices=form.choices())
    except casting.NotOpen:
        messages.warning(request, _("Le vote est fini : ce bulletin n’a pas été pris."))
        return redirect("debates:result", code)
    except (casting.NoIdentity, casting.VotedElsewhere):
        return redirect("debates:vote", code)
    messages.success(request, _("Votre bulletin est déposé. Vous pouvez le remplacer jusqu’à la fin."))
    return redirect("debates:vote", code)


def _written(request: SignedInRequest, code: str, write: Callable[[], object]) -> HttpResponse:
    try:
        write()
    except verbs.Closed:
        messages.warning(request, _("Ce débat ne prend plus de texte : rien n’est publié."))
    except verbs.TooMany:
        messages.warning(
            request,
            _("Vous avez écrit autant que possible ici : deux propositions, vingt arguments. Rien n’est publié."),
        )
    else:
        messages.success(request, _("Votre texte est publié, sans votre nom."))
    return redirect("debates:debate", code)


def _form(
    request: SignedInRequest, form: BaseForm, heading: str, button: str, code: str, **shown: Any
) -> HttpResponse:
    back = reverse("debates:debate", args=[code])
    context = {"form": form, "heading": heading, "button": button, "back": back, **shown}
    return render(request, "debates/form.html", context)
