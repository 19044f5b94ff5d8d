"""Pages of an agent during a desk visit.

The URL names the visit, and each page checks that it is active in this session. A visit that has ended, or begun in
another browser, is a 404, like one that does not exist.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django_scopes import scope

from accounts.actions import sheet_closing
from accounts.actions.closing import Begun
from accounts.actions.sheets import NoSheet
from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.models import Membership, Session, User
from accounts.page_limits import may, too_many
from accounts.perms import can_sign_in, keeps_desk
from core.files.sizes import MAX_PAPER
from core.files.uploads import sealed_upload
from core.pdf.apart import NotDrawn
from vault.records import downloads, gate
from vault.records.enums import PaperState
from vault.records.forms.papers import UploadForm
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.records.wording import not_anchored
from vault.sharing.across import desk
from vault.sharing.actions import desk as actions
from vault.sharing.actions import mandates, sent_papers
from vault.sharing.actions.mandates import NoAppointment
from vault.sharing.agreements.entrusting import yours_to_theirs
from vault.sharing.enums import Act
from vault.sharing.forms.desk import ComeBackForm, OpenForm, PaperMandateForm
from vault.sharing.forms.mandates import AppointmentCodeForm
from vault.sharing.models import DeskVisit
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import desk as words
from vault.sharing.presenting import mandates as mandate_words
from vault.sharing.presenting import sheets
from vault.sharing.presenting.mandates import opened_values

Page = Callable[..., HttpResponseBase]


def for_who_keeps_it(view: Page) -> Page:
    """Show agents who do not keep the desk a page that says who can allow them."""

    @wraps(view)
    def page(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not keeps_desk(request.user):
            return render(request, "sharing/desk/not_yours.html", status=403)
        return view(request, *args, **kwargs)

    return page


@agents_only
@for_who_keeps_it
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """List the active visits by name. No value is decrypted."""
    return render(request, "sharing/desk/home.html", {"open": words.lines(desk.live(request.user, _session(request)))})


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def open_vault(request: SignedInRequest) -> HttpResponse:
    form = OpenForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "sharing/desk/open.html", {"form": form})
    if not may(request, "desk_open"):
        return too_many(request)
    data = form.cleaned_data
    begun = actions.open_vault(agent=request.user, session=_session(request), name=data["name"], token=data["token"])
    return redirect("sharing:desk_visit", visit_id=begun.pk)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def come_back(request: SignedInRequest) -> HttpResponse:
    """Begin a visit by the code of a sheet. Each try is counted, and all errors have one message."""
    form = ComeBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "desk_code"):
            return too_many(request)
        try:
            begun = actions.come_back(agent=request.user, session=_session(request), **form.cleaned_data)
        except NoSheet:
            form.add_error(
                "code",
                _(
                    "Ce code n’ouvre rien. Vérifiez-le : seule la dernière feuille imprimée sert, tant qu’elle n’a "
                    "pas été reprise."
                ),
            )
        else:
            return redirect("sharing:desk_visit", visit_id=begun.pk)
    return render(request, "sharing/desk/come_back.html", {"form": form})


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def appointment(request: SignedInRequest) -> HttpResponse:
    """Begin a visit by an appointment code. Each try is counted, and all errors have one message."""
    form = AppointmentCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if not may(request, "desk_code"):
            return too_many(request)
        try:
            begun = actions.begin_appointment(
                agent=request.user, session=_session(request), code=form.cleaned_data["code"]
            )
        except NoAppointment:
            form.add_error(
                "code",
                _("Ce code n’ouvre rien. Vérifiez-le, ou demandez-en un autre : il sert une fois, dans la journée."),
            )
        else:
            return redirect("sharing:desk_visit", visit_id=begun.pk)
    return render(request, "sharing/desk/appointment.html", {"form": form})


@agents_only
@for_who_keeps_it
@require_safe
def visit(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """List what the visit allows. Reading a value is a click, and writes an entry in the resident's journal."""
    found = find_visit(request, visit_id)
    person = _person(found)
    acts = {"may_add": Act.ADD_PAPER, "may_type": Act.TYPE, "may_simulate": Act.SIMULATE}
    allowed = {name: found.allows(act) for name, act in acts.items()}
    context = {"see": words.may_see(found), **allowed}
    return _render(request, found, "visit", context | _paper_context(found, person))


def _paper_context(found: DeskVisit, person: User) -> dict[str, Any]:
    """Return the context about sheet and mandates for a resident who does not sign in by themselves."""
    if can_sign_in(person):
        return {}
    context = {"sheet": getattr(person, "sheet", None), "mandates": words.mandates(found), "more": words.more(found)}
    return {"on_paper": True, "closing": sheet_closing.standing(person), "closes_at": person.closes_at, **context}


@agents_only
@for_who_keeps_it
@require_safe
def values(request: SignedInRequest, visit_id: UUID, item: str) -> HttpResponse:
    found = find_visit(request, visit_id)
    granted = next((one for one in agreements.items_of(found.grant) if one.code == item), None)
    if granted is None:
        raise Http404
    try:
        fields, opened = actions.look(visit=found, agent=request.user, item_code=item)
    except gate.NotAnchored:
        reason = not_anchored()
        return refused(request, found, reason)
    except (gate.Refused, PermissionDenied):
        return over(request)
    return _render(request, found, "values", {"title": yours_to_theirs(granted), **opened_values(opened, fields)})


@csrf_exempt  # `sealed_upload` checks the token once the file is sealed: see core/files/uploads.py
@agents_only
@for_who_keeps_it
def add_paper(request: SignedInRequest, visit_id: UUID) -> HttpResponseBase:
    found = find_visit(request, visit_id)
    if not found.allows(Act.ADD_PAPER):
        reason = _(
            "La personne n’a pas dit que vous pouviez ajouter un papier. Elle seule peut le dire, par un autre code."
        )
        return refused(request, found, reason)
    with scope(resident=found.resident_id):
        return _receive(request, found)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def _receive(request: SignedInRequest, found: DeskVisit) -> HttpResponseBase:
    form = UploadForm(request.POST or None, request.FILES or None, data=False)
    if request.method != "POST" or not form.is_valid():
        return _render(request, found, "add_paper", {"form": form})
    data = form.cleaned_data
    try:
        paper = actions.add_paper(
            visit=found, agent=request.user, kind=data["kind"] or None, upload=form.upload, token=data["token"]
        )
    except (gate.Refused, PermissionDenied):
        return over(request)
    sent = sent_papers.ticket(grant=found.grant, paper=paper)
    return redirect("sharing:desk_sent", visit_id=found.pk, sent=sent)


@agents_only
@for_who_keeps_it
@require_safe
def sent_paper(request: SignedInRequest, visit_id: UUID, sent: str) -> HttpResponse:
    """Say what became of a paper that the agent added during this visit."""
    found = find_visit(request, visit_id)
    state = sent_papers.state_of(grant=found.grant, sent=sent)
    if state is None:
        raise Http404
    waits = state == PaperState.TO_CONFIRM and found.allows(Act.TYPE)
    context = {"confirm": reverse("sharing:desk_confirm", args=[found.pk, sent]) if waits else ""}
    return _render(request, found, "added", context | mandate_words.sent_paper(state))


@agents_only
@for_who_keeps_it
@never_cache
@require_http_methods(["POST"])
def sheet(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Print a new sheet. Its code is only in this PDF, on no page."""
    found = find_visit(request, visit_id)
    if can_sign_in(_person(found)):
        return _render(
            request,
            found,
            "refused",
            {"reason": _("Cette personne se connecte elle-même : elle n’a pas besoin de feuille.")},
            403,
        )
    try:
        printed, code = actions.print_sheet(visit=found, agent=request.user)
        return downloads.pdf(sheets.pdf(printed, code), name="feuille.pdf")
    except (gate.Refused, PermissionDenied):
        return over(request)
    except Begun:
        say_begun(request)
        return redirect("sharing:desk_visit", visit_id=found.pk)
    except NotDrawn:
        messages.error(request, _("La feuille n’a pas pu être dessinée. Recommencez : aucune autre ne sert."))
        return redirect("sharing:desk_visit", visit_id=found.pk)


@csrf_exempt  # `sealed_upload` checks the token once the file is sealed: see core/files/uploads.py
@agents_only
@for_who_keeps_it
def sign_mandate(request: SignedInRequest, visit_id: UUID) -> HttpResponseBase:
    """Print the mandate that the resident chose, then take the scan of the signed form, on one page."""
    found = find_visit(request, visit_id)
    if can_sign_in(_person(found)):
        reason = _("Cette personne se connecte elle-même : elle signe un mandat depuis son coffre.")
        return refused(request, found, reason)
    with scope(resident=found.resident_id):
        return _sign(request, found)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def _sign(request: SignedInRequest, found: DeskVisit) -> HttpResponseBase:
    signed = "print" not in request.POST
    form = PaperMandateForm(request.user, request.POST or None, request.FILES or None, signed=signed)
    if request.method != "POST" or not form.is_valid():
        return _render(request, found, "sign_mandate", {"form": form})
    place_id = UUID(form.cleaned_data["place"])
    if not signed:
        return _print_mandate(request, found, form, place_id)
    keep = form.cleaned_data["keep"] == "yes"
    try:
        mandate = actions.sign_on_paper(
            visit=found,
            agent=request.user,
            membership_id=place_id,
            terms=form.terms,
            allowed=form.acts_chosen,
            upload=form.upload,
            keep=keep,
        )
    except (gate.Refused, PermissionDenied):
        return over(request)
    mandates.notify_signed_mandate(mandate)
    messages.success(request, _("Le mandat est enregistré. La personne peut l’arrêter à tout moment."))
    return redirect("sharing:desk_visit", visit_id=found.pk)


def _print_mandate(request: SignedInRequest, found: DeskVisit, form: PaperMandateForm, place_id: UUID) -> HttpResponse:
    place = Membership.objects.current().select_related("person", "organisation").get(pk=place_id)
    try:
        drawn = sheets.form_to_sign(words.form_to_sign(found, place, form.terms, form.acts_chosen))
    except NotDrawn:
        messages.error(request, _("Le formulaire n’a pas pu être dessiné. Recommencez."))
        return redirect("sharing:desk_mandate", visit_id=found.pk)
    return downloads.pdf(drawn, name="mandat.pdf")


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def stop_mandate(request: SignedInRequest, visit_id: UUID, grant_id: UUID) -> HttpResponse:
    found = find_visit(request, visit_id)
    with scope(resident=found.resident_id):
        grant = Grant.objects.filter(pk=grant_id, recipient_kind=COMPANION_KIND).first()
    if grant is None or can_sign_in(_person(found)):
        raise Http404
    if request.method == "POST":
        actions.stop_mandate(visit=found, agent=request.user, grant=grant)
        messages.success(request, _("Le mandat est arrêté. Cette personne ne voit plus rien."))
        return redirect("sharing:desk_visit", visit_id=found.pk)
    return _render(request, found, "stop_mandate", {"label": grant.recipient_label})


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def finish(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """End the visit. The page warns if no sheet was printed, without which the resident cannot come back."""
    found = find_visit(request, visit_id)
    if request.method == "POST":
        actions.finish(visit=found, agent=request.user)
        messages.success(request, _("La visite est terminée. Vous ne voyez plus rien de cette personne."))
        return redirect("sharing:desk")
    person = _person(found)
    without_sheet = not can_sign_in(person) and not hasattr(person, "sheet")
    return _render(request, found, "finish", {"without_sheet": without_sheet})


def _session(request: SignedInRequest) -> Session:
    row = request.session.row
    if row is None:
        raise Http404
    return row


def find_visit(request: SignedInRequest, visit_id: UUID) -> DeskVisit:
    """Return an active visit of this session, or answer 404."""
    found = desk.find(request.user, _session(request), visit_id)
    if found is None:
        raise Http404
    return found


def _person(found: DeskVisit) -> User:
    return User.objects.select_related("sheet").get(pk=found.resident_id)


def _render(
    request: SignedInRequest, found: DeskVisit, page: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return render(
        request, f"sharing/desk/{page}.html", {"visit": found, "acting": words.banner(found), **context}, status=status
    )


def refused(request: SignedInRequest, found: DeskVisit, reason: str, status: int = 403) -> HttpResponse:
    return _render(request, found, "refused", {"reason": reason}, status)


def over(request: SignedInRequest) -> HttpResponse:
    """Answer that the visit ended while the page was open."""
    return render(request, "sharing/desk/over.html", status=403)


def say_begun(request: SignedInRequest) -> None:
    messages.error(request, _("L’effacement de ce coffre a commencé : rien ne l’arrête plus."))
