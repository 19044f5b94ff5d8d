"""Pages of agents who moderate: every post, without its author; what may be set aside, appeals to decide."""

from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from campaigns.debates import perms
from campaigns.debates.actions import posts as verbs
from campaigns.debates.enums import Kind, Rule
from campaigns.debates.forms import DecideAppealForm, SetAsideForm
from campaigns.debates.models import Moderation
from campaigns.debates.presenting import posts as words
from campaigns.debates.views import finding


@agents_only
@require_safe
def posts(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = finding.campaign(code)
    context = {"campaign": campaign, "question": words.title_of(campaign), "rows": words.agents_rows(campaign)}
    return render(request, "debates/posts.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def set_aside(request: SignedInRequest, code: str, post_id: UUID) -> HttpResponse:
    post = finding.post(code, post_id)
    if hasattr(post, "moderation"):
        raise Http404
    form = SetAsideForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            verbs.set_aside(post=post, by=request.user, rule=Rule(data["rule"]), reasons=data["reasons"])
        except NotTwo as problem:
            return refused(request, problem)
        except verbs.NotNow:
            messages.warning(request, _("Ce texte est déjà écarté, ou il est au vote : rien n’a changé."))
        return redirect("debates:posts", code)
    hint = ""
    if post.kind == Kind.PROPOSAL:
        hint = _("Son auteur a ensuite 7 jours pour contester\u00a0: aucun vote ne peut ouvrir avant.")
    return _form(request, form, _("Écarter ce texte"), _("Écarter"), code, hint=hint, quoted=str(post), more=post.text)


@agents_only
@require_http_methods(["GET", "POST"])
def decide_appeal(request: SignedInRequest, code: str, post_id: UUID) -> HttpResponse:
    """Decide an appeal. For the agent who set the post aside, it is a 404."""
    post = finding.post(code, post_id)
    moderation = get_object_or_404(Moderation, post=post, appealed_on__isnull=False, decided_at=None)
    if not perms.may_decide_appeal(request.user, moderation):
        raise Http404
    form = DecideAppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            verbs.decide_appeal(
                moderation=moderation, by=request.user, upheld=data["decision"] == "yes", words=data["words"]
            )
        except NotTwo as problem:
            return refused(request, problem)
        except verbs.NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
        return redirect("debates:posts", code)
    hint = _("Règle : %(rule)s. Raison : %(reasons)s") % {
        "rule": moderation.get_rule_display(),
        "reasons": moderation.reasons,
    }
    heading = _("Décider d’une contestation")
    return _form(request, form, heading, _("Décider"), code, hint=hint, quoted=post.text, more=moderation.appeal)


def _form(
    request: SignedInRequest, form: BaseForm, heading: str, button: str, code: str, **shown: str
) -> HttpResponse:
    back = reverse("debates:posts", args=[code])
    context = {"form": form, "heading": heading, "button": button, "back": back, **shown}
    return render(request, "debates/form.html", context)
