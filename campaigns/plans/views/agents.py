"""Pages of agents: a plan from its draft to the second person's decision. No personal data is on any of them."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from campaigns.noise import preview as previews
from campaigns.noise.refusals import PlanRefused
from campaigns.plans import drafting
from campaigns.plans.actions import campaigns as actions
from campaigns.plans.actions.campaigns import NoOpinion
from campaigns.plans.forms import (
    AnswersForm,
    BeginForm,
    DatesForm,
    DecideForm,
    GroupForm,
    HolderForm,
    OpinionForm,
    QuestionForm,
    TablesForm,
    ZonesForm,
)
from campaigns.plans.models import Campaign
from campaigns.plans.presenting import pages, personas, wording
from campaigns.plans.states import NotNow, State
from core.models import City

Page = Callable[..., HttpResponseBase]


def said_why(view: Page) -> Page:
    """Say why somebody may not be one of the two, and that somebody else was first."""

    @wraps(view)
    def page(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotTwo as problem:
            return refused(request, problem)
        except NoOpinion:
            messages.warning(request, _("Le délégué à la protection des données donne d’abord son avis."))
        except NotNow:
            messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
        return redirect("plans:plan", kwargs["code"])

    return page


def _draft(request: SignedInRequest, code: str) -> Campaign:
    """Return a draft of the agent's own."""
    return get_object_or_404(Campaign, code=code, state=State.DRAFT, created_by=request.user)


def _submitted(request: SignedInRequest, code: str) -> Campaign:
    """Return a submitted plan of somebody else."""
    found = get_object_or_404(Campaign, code=code, state=State.SUBMITTED)
    if found.created_by_id == request.user.pk:
        raise Http404
    return found


def _read(request: SignedInRequest) -> dict[str, str]:
    """Return the mark of the plan that was read: the link on its page has it."""
    return {"shown": request.GET.get("lu", "")}


def _require_read(campaign: Campaign, data: dict[str, Any]) -> None:
    if data["shown"] != campaign.sha256:
        raise NotNow


@agents_only
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    context = {"rows": pages.agents_rows(list(Campaign.objects.select_related("created_by")))}
    return render(request, "plans/inbox.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    form = BeginForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        last = Campaign.objects.exclude(document__zoning=None).first()
        document = drafting.from_template(
            data["template"],
            code=_free_code(data["title"]),
            title={"fr": data["title"], "en": data["title_en"]},
            sponsor=City.current().name,
            zoning=last.document["zoning"] if last else None,
            today=timezone.localdate(),
        )
        campaign = actions.begin(by=request.user, template=data["template"], document=document)
        return redirect("plans:plan", campaign.code)
    return _form(request, form, _("Nouvelle consultation"), _("Commencer le brouillon"), reverse("plans:inbox"))


def _free_code(title: str) -> str:
    wanted = slugify(title)[:50]
    taken = set(Campaign.objects.filter(code__startswith=wanted).values_list("code", flat=True))
    return next(code for n in range(1, len(taken) + 2) if (code := wanted if n == 1 else f"{wanted}-{n}") not in taken)


@agents_only
@require_safe
def plan(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("created_by"), code=code)
    context = pages.plan_page(campaign, request.user)
    return render(request, "plans/plan.html", context)


@agents_only
@require_safe
def preview(request: SignedInRequest, code: str) -> HttpResponse:
    """Show what the plan would give. A draft that is no plan yet sends back to its faults."""
    campaign = get_object_or_404(Campaign, code=code)
    try:
        found = campaign.plan
    except PlanRefused:
        messages.warning(request, _("Corrigez d’abord le plan."))
        return redirect("plans:plan", code)
    context = {
        "campaign": campaign,
        **pages.preview_table(found),
        "attacker": wording.attacker_words(found),
        "asked": wording.asked(found),
        "group": wording.group_words(found),
        "usual": previews.usual(found),
        "personas": personas.rehearsed(found, timezone.localdate()),
        "presets": pages.other_presets(campaign),
    }
    return render(request, "plans/preview.html", context)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_question(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _draft(request, code)
    stored = campaign.document
    initial = {"sponsor": stored["sponsor"]}
    for name in ("title", "question", "purpose"):
        initial |= {name: stored[name]["fr"], f"{name}_en": stored[name]["en"]}
    initial["partners"] = "\n".join(
        f"{one['name']} ; {one['role']['fr']} ; {one['role']['en']}" for one in stored["partners"]
    )

    def changed(data: dict[str, Any]) -> dict[str, Any]:
        texts = {name: {"fr": data[name], "en": data[f"{name}_en"]} for name in ("title", "question", "purpose")}
        return {**stored, **texts, "sponsor": data["sponsor"], "partners": data["partners"]}

    return _edit(request, campaign, QuestionForm, initial, changed, _("La question"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_answers(request: SignedInRequest, code: str) -> HttpResponse:
    """Write the answers of an agent's own question. The answers of another template are its own: 404."""
    campaign = _draft(request, code)
    if campaign.template != drafting.OWN:
        raise Http404
    initial = {"answers": pages.write_answer_lines(campaign)}
    return _edit(
        request,
        campaign,
        AnswersForm,
        initial,
        lambda data: drafting.with_answers(campaign.document, data["answers"]),
        _("Les réponses"),
    )


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_zones(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _draft(request, code)
    zoning = campaign.document["zoning"]
    initial = {"source": zoning["source"], "zones": pages.zone_lines(zoning)} if zoning else {}

    def form(data: Any = None, initial: Any = None) -> BaseForm:  # noqa: ANN401 - a form's own arguments
        return ZonesForm(data, request.FILES if data is not None else None, initial=initial)

    def changed(data: dict[str, Any]) -> dict[str, Any]:
        label = {"fr": "Zones de la ville", "en": "Zones of the city"}
        shaped = drafting.with_shapes(data["zones"], zoning)
        zones = {"code": "zones", "label": label, "source": data["source"], "zones": shaped}
        return {**campaign.document, "zoning": zones}

    return _edit(request, campaign, form, initial, changed, _("Les zones"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_tables(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _draft(request, code)
    stored = campaign.document
    initial = {name: stored.get(name) for name in ("sensitivity", "milestones")} | pages.shares(campaign)

    def changed(data: dict[str, Any]) -> dict[str, Any]:
        chosen = {name: data.pop(name) for name in ("sensitivity", "milestones")}
        return drafting.with_shares({**stored, **chosen}, campaign.template, data)

    def form(data: Any = None, initial: Any = None) -> BaseForm:  # noqa: ANN401 - a form's own arguments
        return TablesForm(data, initial=initial, template=campaign.template)

    return _edit(request, campaign, form, initial, changed, _("Les tableaux et la protection"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_dates(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _draft(request, code)
    stored = campaign.document
    days = dict(zip(DatesForm.WINDOWS, stored["windows"], strict=False))
    initial = {
        "opens": stored["opens"],
        **days,
        "minimum": stored["minimum"],
        "retention_months": stored["retention_months"],
    }
    form = DatesForm(request.POST if request.method == "POST" else None, initial=initial)

    def changed(data: dict[str, Any]) -> dict[str, Any]:
        dates = {"opens": data["opens"].isoformat(), "windows": form.windows()}
        numbers = {name: data[name] for name in ("minimum", "retention_months")}
        # A look at the number of contributions is paid in each window.
        shares = drafting.shares_of(stored)
        return drafting.with_shares({**stored, **dates, **numbers}, campaign.template, shares)

    return _edit(request, campaign, lambda *args, **kwargs: form, initial, changed, _("Les dates et les seuils"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_holder(request: SignedInRequest, code: str) -> HttpResponse:
    """Choose the holder of a portability plan. Another plan has none: 404."""
    campaign = _draft(request, code)
    stored = campaign.document
    if "holder" not in stored:
        raise Http404
    return _edit(
        request, campaign, HolderForm, {"holder": stored["holder"]}, lambda data: stored | data, _("L’organisme")
    )


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def edit_group(request: SignedInRequest, code: str) -> HttpResponse:
    """Reserve the consultation to an invited group, or open it to all residents again."""
    campaign = _draft(request, code)
    stored = campaign.document

    def changed(data: dict[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in stored.items() if name != "group"}
        if not data["invited"]:
            return others
        return others | {"group": {**data, "votes_until": data["votes_until"].isoformat()}}

    return _edit(request, campaign, GroupForm, stored.get("group") or {}, changed, _("Un groupe invité"))


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def submit(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _draft(request, code)
    if request.method == "POST":
        try:
            actions.submit(campaign=campaign, by=request.user, today=timezone.localdate())
            messages.success(request, _("Le plan est figé et soumis."))
        except PlanRefused:
            messages.warning(request, _("Corrigez d’abord le plan."))
        return redirect("plans:plan", code)
    hint = _("Le plan ne changera plus. Le délégué donne son avis, puis une autre personne décide.")
    back = reverse("plans:plan", args=[code])
    return _form(request, None, _("Soumettre le plan"), _("Figer et soumettre"), back, hint=hint)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def opinion(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _submitted(request, code)
    if not request.user.is_dpo:
        raise Http404
    form = OpinionForm(request.POST if request.method == "POST" else None, initial=_read(request))
    form.fields["words"].required = True
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        _require_read(campaign, data)
        actions.give_opinion(
            campaign=campaign, by=request.user, favourable=data["favourable"] == "yes", words=data["words"]
        )
        return redirect("plans:plan", code)
    return _decision(request, campaign, form, _("Votre avis sur le plan"), _("Donner cet avis"))


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why
def decide(request: SignedInRequest, code: str) -> HttpResponse:
    campaign = _submitted(request, code)
    form = DecideForm(request.POST if request.method == "POST" else None, initial=_read(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        _require_read(campaign, data)
        verbs: dict[str, Callable[..., Campaign]] = {
            "approve": partial(actions.approve, today=timezone.localdate()),
            "send_back": actions.send_back,
            "refuse": actions.refuse,
        }
        try:
            verbs[data["decision"]](campaign=campaign, by=request.user, words=data["words"])
            return redirect("plans:plan", code)
        except ValueError:
            form.add_error("words", _("Écrivez pourquoi : c’est publié."))
        except PlanRefused:
            form.add_error("decision", pages.find_faults(campaign))
    return _decision(request, campaign, form, _("Décider du plan"), _("Décider"))


@agents_only
@require_http_methods(["GET", "POST"])
@said_why
def drop(request: SignedInRequest, code: str) -> HttpResponse:
    states = [State.DRAFT, State.SUBMITTED, State.APPROVED]
    campaign = get_object_or_404(Campaign, code=code, created_by=request.user, state__in=states)
    if request.method == "POST":
        actions.drop(campaign=campaign, by=request.user)
        return redirect("plans:inbox")
    hint = _("Le registre garde son titre et la date.")
    back = reverse("plans:plan", args=[code])
    return _form(request, None, _("Abandonner la consultation"), _("Abandonner"), back, hint=hint, kind="warning")


def _edit(
    request: SignedInRequest,
    campaign: Campaign,
    form_of: Callable[..., BaseForm],
    initial: dict[str, Any],
    changed: Callable[[dict[str, Any]], dict[str, Any]],
    heading: str,
) -> HttpResponse:
    """Show a part of the plan as a form; write it. Faults of the whole plan are shown on its page."""
    form = form_of(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.change(campaign=campaign, by=request.user, document=changed(form.cleaned_data))
        return redirect("plans:plan", campaign.code)
    return _form(request, form, heading, _("Enregistrer"), reverse("plans:plan", args=[campaign.code]))


def _decision(request: SignedInRequest, campaign: Campaign, form: BaseForm, heading: str, button: str) -> HttpResponse:
    """Show the form of who advises or decides, with the plan, the opinion, the preview and what is asked."""
    context = {"form": form, "heading": heading, "button": button, **pages.decision_page(campaign)}
    return render(request, "plans/decide.html", context)


def _form(
    request: SignedInRequest, form: BaseForm | None, heading: str, button: str, back: str, **shown: object
) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": back, **shown}
    return render(request, "plans/form.html", context)
