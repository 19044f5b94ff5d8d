"""Pages of publishers: their services, their requests, their labels. Another publisher's object is a 404."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import publishers_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import PublisherRole
from certification.labels import levels, perms
from certification.labels.actions import charters, templates
from certification.labels.actions import labels as label_actions
from certification.labels.actions import requests as actions
from certification.labels.enums import HEARD, LabelState, Signatory, Verdict
from certification.labels.forms import (
    AnswerForm,
    AskDataForm,
    DescribeForm,
    PurposeForm,
    ServiceForm,
    SignForm,
    StartForm,
    TextForm,
)
from certification.labels.models import Answer, CharterVersion, Label, LabelChange, LabelRequest, Purpose, Service
from certification.labels.presenting import checks as checking
from certification.labels.presenting import letters, registry, wording
from certification.labels.presenting import requests as words
from certification.labels.states import CLOSED, DECIDED, NotNow
from certification.labels.views.asking import ask, sent
from certification.labels.views.found import own_request
from certification.labels.views.letters import decision_letter, drawn


@publishers_only
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    place = perms.place_of(request.user)
    found = Service.objects.filter(publisher=place.publisher).prefetch_related("requests", "labels")
    charter = CharterVersion.objects.current()
    owner = place.role == PublisherRole.OWNER
    signed = charter is None or charter.signatures.filter(name=place.publisher.name).exists()
    context = {
        "place": place,
        "cards": words.services(list(found)),
        "may_sign": owner and not signed,
        "wording": wording.now(),
    }
    return render(request, "labels/publisher.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def sign(request: SignedInRequest) -> HttpResponse:
    """Sign the charter in force in the name of the publisher, in public."""
    place = perms.place_of(request.user)
    _require_owner(request)
    charter = CharterVersion.objects.current()
    if charter is None or charter.signatures.filter(name=place.publisher.name).exists():
        raise Http404
    return ask(
        request,
        SignForm(sent(request)),
        lambda data: charters.sign(
            charter=charter,
            by=request.user,
            kind=Signatory.PUBLISHER,
            name=place.publisher.name,
            reservations=data["reservations"],
            on=timezone.localdate(),
        ),
        said=_("La charte est signée, en public."),
        heading=_("Signer la charte, version %(number)s") % {"number": charter.number},
        button=_("Signer en public"),
        back=reverse("labels:publisher"),
        hint=_("Le nom de l’éditeur et ses réserves sont publiés sur la page de la charte et au registre."),
    )


@publishers_only
@require_http_methods(["GET", "POST"])
def new_service(request: SignedInRequest) -> HttpResponse:
    place = perms.place_of(request.user)

    def act(data: dict[str, Any]) -> None:
        try:
            actions.add_service(publisher=place.publisher, by=request.user, **data)
        except actions.TooMany:
            why = _("Votre organisation a déjà %(count)s services, le maximum. Écrivez à la ville pour en ajouter.")
            raise ValidationError(why % {"count": actions.MOST_SERVICES}) from None

    return ask(
        request,
        ServiceForm(sent(request)),
        act,
        said=_("Le service est ajouté. Présentez-le maintenant à la ville."),
        heading=_("Ajouter un service"),
        button=_("Ajouter"),
        back=reverse("labels:publisher"),
    )


@publishers_only
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest, service_id: UUID) -> HttpResponse:
    """Ask what the first request of a service begins with, and start it."""
    found = get_object_or_404(Service, pk=service_id, publisher=perms.place_of(request.user).publisher)

    def act(data: dict[str, Any]) -> LabelRequest:
        try:
            return templates.start(service=found, by=request.user, content=data["content"])
        except actions.NoCharter:
            why = _("La ville n’a pas encore publié sa charte. Une demande se fait ensuite.")
            raise ValidationError(why) from None
        except actions.AlreadyOpen:
            raise ValidationError(_("Une demande est déjà en cours pour ce service.")) from None
        except templates.Unreadable:
            raise ValidationError({"sheet": _("Cette fiche ne se lit pas : rien n’est repris.")}) from None

    return ask(
        request,
        StartForm(sent(request)),
        act,
        then=_url,
        heading=_("Commencer la demande : %(service)s") % {"service": found.name},
        button=_("Continuer"),
        back=reverse("labels:publisher"),
        hint=_("Vous relisez et changez tout ensuite. Rien n’est envoyé à la ville."),
    )


@publishers_only
@require_POST
def start(request: SignedInRequest, service_id: UUID) -> HttpResponse:
    """Start a renewal or a change, with what the last label says."""
    found = get_object_or_404(Service, pk=service_id, publisher=perms.place_of(request.user).publisher)
    try:
        made = actions.start(service=found, by=request.user, change="change" in request.POST)
    except actions.NoCharter:
        messages.warning(request, _("La ville n’a pas encore publié sa charte. Une demande se fait ensuite."))
    except actions.AlreadyOpen:
        messages.warning(request, _("Une demande est déjà en cours pour ce service."))
    else:
        return redirect("labels:request", request_id=made.pk)
    return redirect("labels:publisher")


@publishers_only
@require_http_methods(["GET", "POST"])
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show where the request is, what it lacks, and its thread. POST adds a message."""
    found = own_request(request, request_id)
    form = TextForm(sent(request), label=_("Votre message à la ville"))
    if request.method == "POST" and form.is_valid():
        try:
            actions.write_message(request=found, by=request.user, text=form.cleaned_data["text"])
        except actions.TooMany:
            why = _("Vous avez écrit %(count)s messages en un jour. La ville les lit d’abord : réessayez demain.")
            form.add_error(None, why % {"count": actions.MOST_MESSAGES})
        else:
            messages.success(request, _("Le message est envoyé."))
            return redirect("labels:request", request_id=found.pk)
    levels.load(found)
    owner = perms.place_of(request.user).role == PublisherRole.OWNER
    context = {
        "found": found,
        "rows": [*words.state_rows(found), *words.clocks(found)],
        "tasks": words.tasks(found),
        "answers": words.answers(found),
        "lacking": words.lacking(found),
        "thread": words.thread(found, names=False),
        "checks": checking.brief(found),
        "checks_url": reverse("labels:checks", args=[found.pk]),
        "writable": words.may_write(found),
        "asked": words.asked_complement(found),
        "owner": owner,
        "decided": found.state in DECIDED,
        "holders": words.notified_holders(found),
        "may_drop": owner and found.state not in CLOSED,
        "form": form,
    }
    return render(request, "labels/request.html", context)


@publishers_only
@require_http_methods(["GET", "POST"])
def describe(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = _writable(request, request_id)
    return ask(
        request,
        DescribeForm(sent(request), instance=found),
        lambda data: actions.describe(request=found, by=request.user, **data),
        heading=_("Hébergement, sous-traitants et contacts"),
        button=_("Enregistrer"),
        back=_url(found),
    )


@publishers_only
@require_http_methods(["GET", "POST"])
def new_purpose(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = _writable(request, request_id)
    form = PurposeForm(sent(request))
    return ask(
        request,
        form,
        lambda _data: actions.write_purpose(request=found, by=request.user, **form.values),
        then=lambda made: reverse("labels:purpose", args=[found.pk, made.pk]),
        heading=_("Ajouter un but"),
        button=_("Continuer"),
        back=_url(found),
        hint=_("Un seul but à la fois. Les habitants le lisent, dans les deux langues."),
    )


@publishers_only
@require_http_methods(["GET", "POST"])
def purpose(request: SignedInRequest, request_id: UUID, purpose_id: UUID) -> HttpResponse:
    """Show a purpose and what it asks for. POST changes it, drops a line, or deletes it."""
    found = _writable(request, request_id)
    row = get_object_or_404(Purpose, pk=purpose_id, request=found)
    if request.method == "POST" and "drop" in request.POST:
        actions.drop_asked(purpose=row, by=request.user, code=request.POST["drop"])
        return redirect("labels:purpose", request_id=found.pk, purpose_id=row.pk)
    if request.method == "POST" and "delete" in request.POST:
        actions.delete_purpose(purpose=row, by=request.user)
        return _back(found)
    form = PurposeForm(sent(request), instance=row)
    if request.method == "POST" and form.is_valid():
        actions.write_purpose(request=found, by=request.user, purpose=row, **form.values)
        return _back(found)
    context = {"found": found, "purpose": row, "form": form, "asked": words.asked_rows(row)}
    return render(request, "labels/purpose.html", context)


@publishers_only
@require_http_methods(["GET", "POST"])
def ask_data(request: SignedInRequest, request_id: UUID, purpose_id: UUID) -> HttpResponse:
    found = _writable(request, request_id)
    row = get_object_or_404(Purpose, pk=purpose_id, request=found)
    back = reverse("labels:purpose", args=[found.pk, row.pk])

    def act(data: dict[str, Any]) -> None:
        said = {"why": data["why"], "why_en": data["why_en"], "required": data["required"] == "yes"}
        paper, _colon, kind = data["what"].partition(":")
        if paper == "paper":
            actions.ask_paper(purpose=row, by=request.user, kind=kind, **said)
        else:
            actions.ask_field(purpose=row, by=request.user, field=data["what"], **said)

    searched = request.GET.get("q", "")[:100]
    form = AskDataForm(sent(request), searched=searched)
    return ask(
        request,
        form,
        act,
        heading=_("Demander une donnée"),
        button=_("Ajouter"),
        back=back,
        search={"label": _("Chercher une donnée ou un papier"), "text": searched, "found": form.found},
        hint=_("Facultative par défaut : elle n’est nécessaire que si le service ne marche pas sans elle."),
    )


@publishers_only
@require_http_methods(["GET", "POST"])
def answer(request: SignedInRequest, request_id: UUID, code: str) -> HttpResponse:
    found = _writable(request, request_id)
    criterion = get_object_or_404(found.charter.criteria, code=code)
    said = Answer.objects.filter(request=found, criterion=criterion).first()
    return ask(
        request,
        AnswerForm(sent(request), instance=said),
        lambda data: actions.answer(
            request=found,
            by=request.user,
            criterion=criterion,
            verdict=Verdict(data["verdict"]),
            text=data["text"],
            url=data["proof_url"],
        ),
        then=lambda _done: words.next_answer(found, code),
        heading=f"{criterion.code}. {criterion.words}",
        button=_("Enregistrer"),
        back=_url(found),
        hint=_("Preuve : %(proof)s.") % {"proof": criterion.proof_words},
    )


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def submit(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Show what the city will read, and send it."""
    found = _writable(request, request_id)
    _require_owner(request)
    if request.method == "POST":
        try:
            actions.submit(request=found, by=request.user)
        except actions.Incomplete:
            messages.warning(request, _("Il manque encore quelque chose : rien n’est envoyé."))
        else:
            messages.success(request, _("La demande est envoyée. La ville répond sous vingt jours ouvrés."))
        return _back(found)
    context = {
        "found": found,
        "rows": words.description_rows(found),
        "purposes": words.purposes(found),
        "lacking": words.lacking(found),
    }
    return render(request, "labels/submit.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def drop(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = own_request(request, request_id)
    _require_owner(request)
    if request.method == "POST":
        try:
            actions.drop(request=found, by=request.user)
        except NotNow:
            messages.warning(request, _("Cette demande est déjà close."))
        else:
            messages.success(request, _("La demande est retirée."))
        return redirect("labels:publisher")
    context = {
        "title": _("Retirer la demande %(number)s ?") % {"number": found.number},
        "follows": [_("La ville ne l’examine plus."), _("Ce qui est accordé ne change pas.")],
        "button": _("Retirer la demande"),
        "back": _url(found),
    }
    return render(request, "labels/confirm.html", context)


@publishers_only
@require_safe
def letter(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    found = own_request(request, request_id)
    return decision_letter(found, _url(found), request)


@publishers_only
@require_safe
def label(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    """Show a label to its publisher: what it waits for, its decisions with their letters, what its owner may do."""
    found = _label(request, label_id)
    context = {
        "wording": wording.now(),
        "label": found,
        "facts": [{"key": _("État"), "value": str(found.state.label)}, *registry.facts(found)],
        "history": registry.history(found),
        "waiting": found.state == LabelState.WAITING,
        "active": found.state == LabelState.ACTIVE,
        "owner": perms.place_of(request.user).role == PublisherRole.OWNER,
        "stands": found.stands,
        "to_answer": found.changes.filter(decided_at=None, what__in=HEARD).first(),
        "letters": words.letters(found),
    }
    return render(request, "labels/own_label.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def accept_agreement(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    """Show the agreement of a label, and accept it."""
    found = _label(request, label_id)
    _require_owner(request)
    if found.state != LabelState.WAITING:
        raise Http404
    if request.method == "POST":
        try:
            label_actions.accept_agreement(label=found, by=request.user)
        except NotNow:
            messages.warning(request, _("C’est déjà fini : rien n’a changé."))
        else:
            messages.success(request, _("La convention est acceptée, et en cours."))
        return redirect("labels:own_label", label_id=found.pk)
    return render(request, "labels/agreement.html", {"label": found, "sentences": registry.agreement(found)})


@publishers_only
@require_http_methods(["GET", "POST"])
def answer_change(request: SignedInRequest, change_id: UUID) -> HttpResponse:
    """Answer before two agents suspend or withdraw a label."""
    mine = LabelChange.objects.filter(label__service__publisher=perms.place_of(request.user).publisher, what__in=HEARD)
    waiting = mine.filter(decided_at=None, answered_at=None).select_related("label__service__publisher")
    found = get_object_or_404(waiting, pk=change_id)
    return ask(
        request,
        TextForm(sent(request), label=_("Votre réponse")),
        lambda data: label_actions.answer_change(change=found, by=request.user, text=data["text"]),
        said=_("Votre réponse est envoyée. Deux agents la lisent avant de décider."),
        heading=_("Répondre avant la décision"),
        button=_("Envoyer ma réponse"),
        back=reverse("labels:own_label", args=[found.label_id]),
        hint=_("Une seule réponse, que les deux agents lisent. Sans elle, ils décident après le délai."),
        rows=words.change_rows(found, names=False),
    )


@publishers_only
@require_safe
def change_letter(request: SignedInRequest, change_id: UUID) -> HttpResponse:
    mine = LabelChange.objects.filter(label__service__publisher=perms.place_of(request.user).publisher, agreed=True)
    found = get_object_or_404(
        mine.select_related("label__service__publisher", "decided_by", "proposed_by"), pk=change_id
    )
    back = reverse("labels:own_label", args=[found.label_id])
    return drawn(letters.of_change(found), found.label.number, back, request)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def renounce(request: SignedInRequest, label_id: UUID) -> HttpResponse:
    found = _label(request, label_id)
    _require_owner(request)
    if request.method == "POST":
        try:
            label_actions.renounce(label=found, by=request.user)
        except NotNow:
            messages.warning(request, _("C’est déjà fini : rien n’a changé."))
        else:
            messages.success(request, _("C’est fait : plus aucune lecture n’est permise."))
        return redirect("labels:publisher")
    context = {
        "title": _("%(give_up)s, %(service)s ?") % {"give_up": wording.now().give_up, "service": found.service.name},
        "follows": [
            _("Plus aucune lecture n’est permise, tout de suite."),
            _("Le registre public le dit. Pour revenir, il faut une autre demande."),
        ],
        "button": wording.now().give_up,
        "back": reverse("labels:own_label", args=[found.pk]),
    }
    return render(request, "labels/confirm.html", context)


def _require_owner(request: SignedInRequest) -> None:
    if perms.place_of(request.user).role != PublisherRole.OWNER:
        raise PermissionDenied


def _label(request: SignedInRequest, label_id: UUID) -> Label:
    mine = Label.objects.filter(service__publisher=perms.place_of(request.user).publisher)
    return get_object_or_404(mine.select_related("service__publisher", "request"), pk=label_id)


def _writable(request: SignedInRequest, request_id: UUID) -> LabelRequest:
    """Return a request that its publisher may change now: otherwise the page does not exist."""
    found = own_request(request, request_id)
    if not words.may_write(found):
        raise Http404
    return found


def _url(found: LabelRequest) -> str:
    return reverse("labels:request", args=[found.pk])


def _back(found: LabelRequest) -> HttpResponse:
    return redirect("labels:request", request_id=found.pk)
