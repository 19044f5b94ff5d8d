"""Pages of a companion who acts under a mandate; `request.user` stays the companion.

The session remembers no mandate: the URL names it, and each page checks that it is active. A mandate that is another
companion's, paused, stopped or expired is a 404, like one that does not exist.
"""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django_scopes import scope

from accounts.decorators import companions_only
from accounts.http import SignedInRequest
from accounts.page_limits import may, too_many
from core.files.sizes import MAX_PAPER
from core.files.uploads import sealed_upload
from vault.records import gate
from vault.records.forms.papers import UploadForm
from vault.records.grants import agreements
from vault.records.wording import not_anchored
from vault.sharing.across import erasures, mandates
from vault.sharing.actions import asking, handing_over, helping, sent_papers
from vault.sharing.actions import mandates as actions
from vault.sharing.agreements import entrusting
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import Act, AskedFor, HelpAnswer
from vault.sharing.forms.mandates import AppointmentCodeForm, AskForm, ColleagueForm, HelpAnswerForm, PhoneCodeForm
from vault.sharing.models import Mandate
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import erasures as erasure_words
from vault.sharing.presenting import mandates as words


@companions_only
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """List the companion's active mandates by name, their requests and the help requests. No value is decrypted."""
    live = mandates.live(request.user)
    context = {"people": words.lines(live), "asked": words.asked(mandates.asked_by(request.user), live)}
    context["helped"] = words.help_lines(mandates.help_asked(request.user))
    context["erasures"] = erasure_words.for_companion(erasures.open_of(COMPANION_KIND, request.user.pk))
    return render(request, "sharing/companion/home.html", context)


@companions_only
@require_safe
def own_acts(request: SignedInRequest) -> HttpResponse:
    """List what the companion did, newest first. No value is decrypted."""
    readings, others = mandates.done_by(request.user)
    context = {"acts": words.own_acts(readings, others, mandates.live(request.user))}
    return render(request, "sharing/companion/own_acts.html", context)


@companions_only
@require_http_methods(["GET", "POST"])
def ask(request: SignedInRequest) -> HttpResponse:
    """Ask for access. The response is the same whether or not a resident has this address or number."""
    form = AskForm(AGREEMENT, entrusting.offered(), request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "sharing/companion/ask.html", {"form": form})
    data = form.cleaned_data
    if not may(request, "access_ask") or not may(
        request, "access_ask_same", key=f"{request.user.pk} {data['address'].lower()}"
    ):
        return too_many(request)
    asked = asking.ask(
        companion=request.user,
        address=data["address"],
        items=data["items"],
        purpose=AskedFor(data["purpose"]),
        length=data["length"],
        by_phone=data.get("how") == "phone",
    )
    if asked.by_phone:
        return redirect("sharing:access_code", request_id=asked.pk)
    return render(request, "sharing/companion/asked.html", {"reference": asked.reference, "until": asked.expires_at})


@companions_only
@require_http_methods(["GET", "POST"])
def access_code(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Take the code that the resident received. The pages are the same if no code was sent."""
    row = next((one for one in mandates.asked_by(request.user) if one.pk == request_id and one.by_phone), None)
    if row is None:
        raise Http404
    form = PhoneCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "appointment_code"):
            return too_many(request)
        mandate = asking.accept_by_code(request=row, companion=request.user, code=form.cleaned_data["code"])
        if mandate is not None:
            actions.notify_signed_mandate(mandate)
            return redirect("sharing:accompanied", mandate_id=mandate.pk)
        form.add_error(
            "code", _("Ce n’est pas le bon code, ou il ne sert plus : il dure une demi-heure et trois essais.")
        )
    return render(request, "sharing/companion/access_code.html", {"form": form, "reference": row.reference})


@companions_only
@require_http_methods(["GET", "POST"])
def help_request(request: SignedInRequest, help_id: UUID) -> HttpResponse:
    """Show who asks for help and take the answer of any companion of the organisation. Only the first is recorded."""
    row = mandates.find_help(request.user, help_id)
    if row is None:
        raise Http404
    form = HelpAnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if helping.answer_help(request=row, companion=request.user, answer=HelpAnswer(form.cleaned_data["answer"])):
            messages.success(request, _("Votre réponse est partie."))
        else:
            messages.warning(request, _("Quelqu’un a déjà répondu, ou la demande est retirée."))
        return redirect("sharing:accompanying")
    name = helping.open_help(request=row, companion=request.user)
    return render(request, "sharing/companion/help.html", {"name": name, "slot": words.slot(row), "form": form})


@companions_only
@require_http_methods(["GET", "POST"])
def enter_code(request: SignedInRequest) -> HttpResponse:
    """Begin an appointment by its code. Each try is counted, and all errors have one message."""
    form = AppointmentCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "appointment_code"):
            return too_many(request)
        try:
            mandate = actions.begin(companion=request.user, code=form.cleaned_data["code"])
        except actions.NoAppointment:
            form.add_error(
                "code",
                _("Ce code n’ouvre rien. Vérifiez-le, ou demandez-en un autre : il sert une fois, dans la journée."),
            )
        else:
            return redirect("sharing:accompanied", mandate_id=mandate.pk)
    return render(request, "sharing/companion/code.html", {"form": form})


@companions_only
@require_safe
def person(request: SignedInRequest, mandate_id: UUID) -> HttpResponse:
    """List what the mandate allows. Reading a value is a click, and writes an entry in the resident's journal."""
    mandate = find_mandate(request, mandate_id)
    context = {
        "see": words.may_see(mandate),
        "do": words.may_do(mandate),
        "may_add": mandate.allows(Act.ADD_PAPER),
        "may_prepare": mandate.allows(Act.PREPARE),
        "may_simulate": mandate.allows(Act.SIMULATE),
        "may_hand_over": bool(handing_over.colleagues(mandate)),
    }
    return _render(request, mandate, "person", context)


@companions_only
@require_safe
def values(request: SignedInRequest, mandate_id: UUID, item: str) -> HttpResponse:
    mandate = find_mandate(request, mandate_id)
    agreement = agreements.of(mandate.grant)
    found = next((one for one in agreements.items_of(mandate.grant) if one.code == item), None)
    if agreement is None or found is None:
        return refused(
            request, mandate, _("Ce mandat ne permet pas de voir cela. Seule la personne peut en donner un autre.")
        )
    try:
        fields, opened = actions.look(mandate=mandate, companion=request.user, item_code=item, agreement=agreement)
    except gate.NotAnchored:
        return refused(
            request,
            mandate,
            not_anchored(),
        )
    except gate.Refused:
        return over(request)
    context: dict[str, object] = {"title": entrusting.yours_to_theirs(found), **words.opened_values(opened, fields)}
    return _render(request, mandate, "values", context)


@companions_only
@require_http_methods(["GET", "POST"])
def give_back(request: SignedInRequest, mandate_id: UUID) -> HttpResponse:
    """Ask, then end the mandate. The resident reads it in their shares and their journal."""
    mandate = find_mandate(request, mandate_id)
    if request.method != "POST":
        return _render(request, mandate, "give_back", {})
    actions.give_back(mandate=mandate, companion=request.user)
    messages.success(request, _("C’est fait : vous n’agissez plus pour %(name)s.") % {"name": mandate.name})
    return redirect("sharing:accompanying")


@companions_only
@require_http_methods(["GET", "POST"])
def hand_over(request: SignedInRequest, mandate_id: UUID) -> HttpResponse:
    """Propose a colleague to the resident, who says yes or no in their vault."""
    mandate = find_mandate(request, mandate_id)
    others = [(str(place.pk), place.person.name) for place in handing_over.colleagues(mandate)]
    form = ColleagueForm(request.POST if request.method == "POST" else None, colleagues=others)
    if request.method == "POST" and form.is_valid():
        try:
            handing_over.offer(
                mandate=mandate, companion=request.user, membership_id=UUID(form.cleaned_data["membership"])
            )
        except gate.Refused:
            return over(request)
        messages.success(request, _("C’est proposé. La personne répond dans son coffre ; d’ici là, rien ne change."))
        return redirect("sharing:accompanied", mandate_id=mandate.pk)
    context: dict[str, object] = {"form": form, "others": others}
    return _render(request, mandate, "hand_over", context)


@csrf_exempt  # `sealed_upload` checks the token once the file is sealed: see core/files/uploads.py
@companions_only
def add_paper(request: SignedInRequest, mandate_id: UUID) -> HttpResponseBase:
    mandate = find_mandate(request, mandate_id)
    if not mandate.allows(Act.ADD_PAPER):
        return refused(
            request,
            mandate,
            _("Ce mandat ne permet pas d’ajouter un papier. Seule la personne peut en donner un autre."),
        )
    with scope(resident=mandate.resident_id):
        return _receive(request, mandate)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def _receive(request: SignedInRequest, mandate: Mandate) -> HttpResponseBase:
    form = UploadForm(request.POST or None, request.FILES or None, data=False)
    if request.method != "POST" or not form.is_valid():
        return _render(request, mandate, "add_paper", {"form": form})
    data = form.cleaned_data
    try:
        paper = actions.add_paper(
            mandate=mandate, companion=request.user, kind=data["kind"] or None, upload=form.upload, token=data["token"]
        )
    except gate.Refused:
        return over(request)
    sent = sent_papers.ticket(grant=mandate.grant, paper=paper)
    return redirect("sharing:accompanied_sent", mandate_id=mandate.pk, sent=sent)


@companions_only
@require_safe
def sent_paper(request: SignedInRequest, mandate_id: UUID, sent: str) -> HttpResponse:
    """Say what became of a paper that the companion added under this mandate."""
    mandate = find_mandate(request, mandate_id)
    state = sent_papers.state_of(grant=mandate.grant, sent=sent)
    if state is None:
        raise Http404
    return _render(request, mandate, "added", words.sent_paper(state))


def find_mandate(request: SignedInRequest, mandate_id: UUID) -> Mandate:
    found = mandates.find(request.user, mandate_id)
    if found is None:
        raise Http404
    return found


def _render(
    request: SignedInRequest, mandate: Mandate, page: str, context: dict[str, object], status: int = 200
) -> HttpResponse:
    context = {"mandate": mandate, "acting": words.banner(mandate), **context}
    return render(request, f"sharing/companion/{page}.html", context, status=status)


def refused(request: SignedInRequest, mandate: Mandate, reason: str) -> HttpResponse:
    return _render(request, mandate, "refused", {"reason": reason}, status=403)


def over(request: SignedInRequest) -> HttpResponse:
    """Answer that the mandate ended while the page was open."""
    return render(request, "sharing/companion/over.html", status=403)
