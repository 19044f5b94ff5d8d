"""The desk: pages of an agent with a person in front of them. The address names the visit, and each page looks whether it counts in this
very session: one that is over, or begun in another browser, is a 404, as one that never was.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django_scopes import scope

from accounts.actions.sheets import NoSheet
from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from accounts.models import Membership, Session, User
from accounts.page_limits import may, too_many
from accounts.perms import keeps_desk
from core.files.sizes import MAX_PAPER
from core.files.uploads import sealed_upload
from core.pdf.apart import NotDrawn
from vault.records import downloads, gate
from vault.records.forms.papers import UploadForm
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.across import desk
from vault.sharing.actions import desk as actions
from vault.sharing.actions import mandates
from vault.sharing.actions.mandates import NoAppointment
from vault.sharing.agreements.entrusting import yours_to_theirs
from vault.sharing.enums import Act
from vault.sharing.forms.desk import ComeBackForm, OpenForm, PaperMandateForm
from vault.sharing.forms.mandates import AppointmentCodeForm
from vault.sharing.models import DeskVisit
from vault.sharing.models.mandate import COMPANION_KIND
from vault.sharing.presenting import desk as words
from vault.sharing.presenting import sheets
from vault.sharing.presenting.mandates import rows

Page = Callable[..., HttpResponseBase]


def for_who_keeps_it(view: Page) -> Page:
    """Another agent is told why it is not theirs, and who gives it."""

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
    """Rows only: whose visit is open."""
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
    said = form.cleaned_data
    begun = actions.open_vault(agent=request.user, session=_session(request), name=said["name"], token=said["token"])
    return redirect("sharing:desk_visit", visit_id=begun.pk)


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def come_back(request: SignedInRequest) -> HttpResponse:
    """Each try is counted. The same answer whatever is wrong with the code."""
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
                    "Ce code n’ouvre rien. Vérifiez-le : seule la dernière feuille imprimée sert, tant qu’elle n’a pas été reprise."
                ),
            )
        else:
            return redirect("sharing:desk_visit", visit_id=begun.pk)
    return render(request, "sharing/desk/come_back.html", {"form": form})


@agents_only
@for_who_keeps_it
@require_http_methods(["GET", "POST"])
def appointment(request: SignedInRequest) -> HttpResponse:
    """Each try is counted. The same answer whatever is wrong with the code."""
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
    """What the visit allows. No value yet: looking at one is a click, and a line in the resident's journal."""
    found = _mine(request, visit_id)
    person = _person(found)
    context = {"see": words.may_see(found), "may_add": found.allows(Act.ADD_PAPER)}
    return _render(request, found, "visit", context | _on_paper(found, person))


def _on_paper(found: DeskVisit, person: User) -> dict[str, Any]:
    """For somebody who does not sign in by themselves."""
    if person.email:
        return {}
    return {"on_paper": True, "sheet": getattr(person, "sheet", None), "mandates": words.mandates(found)}


@agents_only
@for_who_keeps_it
@require_safe
def values(request: SignedInRequest, visit_id: UUID, item: str) -> HttpResponse:
    found = _mine(request, visit_id)
    line = next((line for line in agreements.items_of(found.grant) if line.code == item), None)
    if line is None:
        raise Http404
    try:
        fields, opened = actions.look(visit=found, agent=request.user, item_code=item)
    except gate.NotAnchored:
        reason = _("Le journal n’est plus scellé depuis des heures : seuls les habitants lisent leurs données.")
        return _render(request, found, "refused", {"reason": reason}, status=403)
    except (gate.Refused, PermissionDenied):
        return _over(request)
    return _render(request, found, "values", {"title": yours_to_theirs(line), "rows": rows(opened, fields)})


@csrf_exempt  # the token is checked by `sealed_upload`, once the file is sealed: see core/files/uploads.py
@agents_only
@for_who_keeps_it
def add_paper(request: SignedInRequest, visit_id: UUID) -> HttpResponseBase:
    found = _mine(request, visit_id)
    if not found.allows(Act.ADD_PAPER):
        reason = _(
            "La personne n’a pas dit que vous pouviez ajouter un papier. Elle seule peut le dire, par un autre code."
        )
        return _render(request, found, "refused", {"reason": reason}, status=403)
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
        actions.add_paper(
            visit=found, agent=request.user, kind=data["kind"] or None, upload=form.upload, token=data["token"]
        )
    except (gate.Refused, PermissionDenied):
        return _over(request)
    return _render(request, found, "added", {})


@agents_only
@for_who_keeps_it
@never_cache
@require_http_methods(["POST"])
def sheet(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """The code is in the document that answers, once, and on no page."""
    found = _mine(request, visit_id)
    if _person(found).email:
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
        return _over(request)
    except NotDrawn:
        messages.error(request, _("La feuille n’a pas pu être dessinée. Recommencez : aucune autre ne sert."))
        return redirect("sharing:desk_visit", visit_id=found.pk)


@csrf_exempt  # the token is checked by `sealed_upload`, once the file is sealed: see core/files/uploads.py
@agents_only
@for_who_keeps_it
def sign_mandate(request: SignedInRequest, visit_id: UUID) -> HttpResponseBase:
    """One page: print what the person said, then, once they have signed, hand in the scan."""
    found = _mine(request, visit_id)
    if _person(found).email:
        reason = _("Cette personne se connecte elle-même : elle signe un mandat depuis son coffre.")
        return _render(request, found, "refused", {"reason": reason}, 403)
    with scope(resident=found.resident_id):
        return _sign(request, found)


@sealed_upload(max_bytes=MAX_PAPER)
@require_http_methods(["GET", "POST"])
def _sign(request: SignedInRequest, found: DeskVisit) -> HttpResponseBase:
    signed = "print" not in request.POST
    form = PaperMandateForm(request.POST or None, request.FILES or None, signed=signed)
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
        return _over(request)
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
    found = _mine(request, visit_id)
    with scope(resident=found.resident_id):
        grant = Grant.objects.filter(pk=grant_id, recipient_kind=COMPANION_KIND).first()
    if grant is None or _person(found).email:
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
    """Without a sheet nobody could come back: the page says so, and lets finish all the same."""
    found = _mine(request, visit_id)
    if request.method == "POST":
        actions.finish(visit=found, agent=request.user)
        messages.success(request, _("La visite est terminée. Vous ne voyez plus rien de cette personne."))
        return redirect("sharing:desk")
    person = _person(found)
    return _render(request, found, "finish", {"without_sheet": not person.email and not hasattr(person, "sheet")})


def _session(request: SignedInRequest) -> Session:
    row = request.session.row
    if row is None:
        raise Http404
    return row


def _mine(request: SignedInRequest, visit_id: UUID) -> DeskVisit:
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


def _over(request: SignedInRequest) -> HttpResponse:
    """It ended while the page was open."""
    return render(request, "sharing/desk/over.html", status=403)
