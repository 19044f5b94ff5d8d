"""Pages of “Mes partages”: the resident's grants, what each opens, its readings, and how to narrow or end it."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from core.models.rows import check
from vault.holders.models import Connection
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import GrantChannel, Mode
from vault.records.gate import passing_on
from vault.records.grants import agreements, lines, receipts, recipients
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipient_names import recipient_name
from vault.records.grants.recipients import Erasing
from vault.records.models import Grant, GrantEvent, GrantReading
from vault.records.values.decrypted import Values
from vault.sharing.actions import desk, household, links
from vault.sharing.forms.shares import RenewForm, ShortenForm
from vault.sharing.models import EmergencyAccess, ErasureRequest, Visit
from vault.sharing.models.link import LINK_KIND
from vault.sharing.presenting import emergency as urgent
from vault.sharing.presenting import erasures as erasure_words
from vault.sharing.presenting import lines as line_words
from vault.sharing.presenting import links as link_words
from vault.sharing.presenting import shares as words
from vault.sharing.presenting.household import values_by_item as held_words

TODAY = gettext_noop("Vous montrer ce qui partirait aujourd’hui")
RECEIVED = gettext_noop("Vous montrer ce qui a été reçu")
REREAD = gettext_noop("Relire ce que vous aviez accepté")
#: Ended shares, or readings of one share, on one page.
A_PAGE = 20


@require_safe
def shares(request: SignedInRequest) -> HttpResponse:
    """List the shares, after ending the visits of agents who left the desk. No value is decrypted.

    Ended emergency accesses are only in the list of emergency accesses.
    """
    desk.end_left_of(resident_id=request.user.pk)
    grants_ = Grant.objects.select_related("link").prefetch_related("fields", "papers", "documents")
    standing = list(grants_.standing())
    over = grants_.exclude(pk__in=Grant.objects.standing().values("pk")).exclude(channel=GrantChannel.EMERGENCY)
    page = Paginator(over, A_PAGE).get_page(request.GET.get("page"))
    # A share that somebody makes look stopped would not be stopped by its resident.
    check(*standing, *page, locked=False)
    context = {
        "standing": words.shares_of(standing),
        "links": sum(grant.recipient_kind == LINK_KIND for grant in standing),
        "over": [words.ended_line(one) for one in words.shares_of(page)],
        "page": page,
        "emergencies": urgent.own_lines(),
        "fetched": words.connection_rows(Connection.objects.open()),
    }
    return render(request, "sharing/shares/home.html", context)


@require_safe
def share(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Show one share with its current values, read as the resident's own: one entry in their journal."""
    desk.end_left_of(resident_id=request.user.pk)
    grant = _find_grant(grant_id)
    agreement = agreements.of(grant)
    events = GrantEvent.objects.filter(grant=grant)
    context: dict[str, Any] = {
        "share": words.share(grant),
        "revoked": words.revoked(grant, events),
        "facts": words.facts(grant),
        "copied": agreement is not None and agreement.copied,
        "history": words.history(events),
        "asked": erasure_words.rows(ErasureRequest.objects.filter(grant=grant), {}),
        "emergency": EmergencyAccess.objects.filter(grant=grant).first(),
        "may_renew": words.may_renew(grant, agreement),
        "may_shorten": grant.stands and ShortenForm(grant).possible,
        "may_narrow": lines.may_narrow(grant) and len(lines.lines_of(grant)) > 1,
    }
    if agreement is not None and grant.stands and not agreement.copied and not agreement.free:
        values = _values(grant)
        context["today"] = words.held_rows(agreement, words.chosen(grant, agreement), held_words(agreement, values))
        context["each"] = words.record_rows(values, [row.field for row in grant.fields.all()])
    if grant.recipient_kind == LINK_KIND:
        context |= _link(grant)
    return render(request, "sharing/shares/share.html", context)


def _link(grant: Grant) -> dict[str, Any]:
    """Return the context of a link: its visits, and what a visitor would see now."""
    visits = list(Visit.objects.filter(link=grant.link)[:A_PAGE])
    readings = GrantReading.objects.filter(grant=grant, visit__in=[visit.pk for visit in visits])
    context: dict[str, Any] = {
        "link": grant.link,
        "visits": link_words.visits(visits, readings),
        "visit_count": Visit.objects.filter(link=grant.link).count(),
    }
    if grant.stands:
        held = links.held_by(grant=grant, purpose=TODAY)
        context |= {
            **link_words.shown(held.values, [row.field for row in grant.fields.all()]),
            "files": link_words.files(held.papers),
        }
        context |= {
            "documents": link_words.documents(held.documents),
            "gone": len(held.documents) < grant.documents.count(),
        }
    return context


def _values(grant: Grant) -> Values:
    """Return the resident's own values that the grant opens now."""
    fields = [row.field for row in grant.fields.all()]
    opened = gate.read_own(resident_id=grant.resident_id, purpose=TODAY, fields=fields)
    own = Values([record for record in opened if record.person == grant.resident_id])
    return passing_on.terms_for(grant).part(own)


@require_safe
def received(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    grant = _find_grant(grant_id)
    agreement = agreements.of(grant)
    context: dict[str, Any] = {"share": words.share(grant), "erases": bool(erasure_words.erasing(grant).value)}
    context["asked"] = erasure_words.rows(ErasureRequest.objects.filter(grant=grant), {})
    if agreement is not None and agreement.copied:
        context |= {
            "copy": words.agreement_snapshot(_note(grant, RECEIVED, "received_read"))["rows"],
            "language": grant.language,
        }
        return render(request, "sharing/shares/received.html", context)
    page = Paginator(GrantReading.objects.filter(grant=grant), A_PAGE).get_page(request.GET.get("page"))
    readings = list(page)
    if readings:
        opened = gate.own_received(resident_id=grant.resident_id, purpose=RECEIVED, grant=grant, readings=readings)
        context["rows"] = words.received_rows(readings, opened)
    heads = [{"label": _("Quoi")}, {"label": _("Valeur")}, {"label": _("Quand")}]
    return render(
        request,
        "sharing/shares/received.html",
        {**context, "page": page, "heads": heads, "counted": grant.mode == Mode.COUNT},
    )


@require_safe
def text(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Show the agreement as the resident read it: its words and the values of that moment."""
    grant = _find_grant(grant_id)
    note = _note(grant, REREAD, "agreement_reread")
    return render(
        request,
        "sharing/shares/text.html",
        {"share": words.share(grant), "read": words.agreement_snapshot(note), "grant": grant},
    )


def _note(grant: Grant, purpose: str, event: str) -> dict[str, Any]:
    return gate.own_note(
        resident_id=grant.resident_id,
        purpose=purpose,
        place=grant.place,
        content=bytes(grant.snapshot),
        event=event,
        recipient=recipient_name(grant),
    )


@require_POST
def pause(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Pause the share, or resume it if `to` is “resume”. Idempotent."""
    grant = _find_grant(grant_id)
    if request.POST.get("to") == "resume":
        grants.resume(grant=grant, by=request.user.pk)
        messages.success(request, _("Le partage a repris."))
    else:
        grants.pause(grant=grant, by=request.user.pk)
        messages.success(request, _("Le partage est en pause. Rien n’est lu tant que vous ne le reprenez pas."))
    return redirect("sharing:share", grant_id=grant.pk)


@require_http_methods(["GET", "POST"])
def stop(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Stop the share after one confirmation. Idempotent."""
    grant = _find_grant(grant_id)
    if request.method == "POST":
        grants.stop(grant=grant, by=request.user.pk)
        messages.success(request, _("Le partage est arrêté. Plus rien n’est lu à partir de maintenant."))
        return redirect("sharing:share", grant_id=grant.pk)
    asks = erasure_words.erasing(grant) is Erasing.PROGRAM
    agreement = agreements.of(grant)
    context = {"share": words.share(grant), "asks": asks, "stopping": agreement.stopping if agreement else ""}
    return render(request, "sharing/shares/stop.html", context)


@require_http_methods(["GET", "POST"])
def take_out(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """List the lines; with `ligne`, ask whether to take that one out. A line that is needed offers to stop instead."""
    grant = _find_grant(grant_id)
    found = lines.lines_of(grant)
    if not lines.may_narrow(grant):
        messages.info(request, _("On ne peut rien retirer de ce partage. Vous pouvez l’arrêter s’il est en cours."))
        return redirect("sharing:share", grant_id=grant.pk)
    code = (request.POST if request.method == "POST" else request.GET).get("ligne", "")
    line = next((one for one in found if one.code == code), None)
    if code and line is None:
        messages.info(request, _("Cette ligne n’est pas, ou plus, dans ce partage."))
        return redirect("sharing:share", grant_id=grant.pk)
    titles = _titles(grant)
    if line is None:
        rows = line_words.rows(grant, found, titles)
        return render(request, "sharing/shares/lines.html", {"share": words.share(grant), "rows": rows})
    may = lines.may_take_out(grant, line, found)
    if request.method == "POST" and may:
        grants.take_out(grant=grant, by=request.user.pk, line=line.code)
        messages.success(request, _("La ligne est retirée. Elle n’est plus lue à partir de maintenant."))
        return redirect("sharing:share", grant_id=grant.pk)
    context = {
        "share": words.share(grant),
        "line": line,
        "label": titles.get(line.code, line.label),
        "asks": erasure_words.erasing(grant) is Erasing.PROGRAM,
        "whole": not may,
        "rows": line_words.after(grant, found, line, titles, _held(grant)),
    }
    return render(request, "sharing/shares/take_out.html", context, status=409 if request.method == "POST" else 200)


def _titles(grant: Grant) -> dict[str, str]:
    """Return the titles of the papers of a grant by their ids. Two of one kind differ by nothing else."""
    ids = [row.paper_id for row in grant.papers.all()]
    papers = gate.own_papers(resident_id=grant.resident_id, purpose=TODAY, paper_ids=ids) if ids else []
    return {str(paper.paper_id): paper.title for paper in papers}


def _held(grant: Grant) -> dict[str, str]:
    """Return today's values of the grant's items, by the item's code."""
    agreement = agreements.of(grant)
    return {} if agreement is None or agreement.free else held_words(agreement, _values(grant))


@require_http_methods(["GET", "POST"])
def shorten(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    grant = _find_grant(grant_id)
    form = ShortenForm(grant, request.POST if request.method == "POST" else None)
    if not grant.stands or not form.possible:
        messages.info(request, _("Ce partage ne peut pas être raccourci davantage. Vous pouvez l’arrêter."))
        return redirect("sharing:share", grant_id=grant.pk)
    if request.method == "POST" and form.is_valid():
        grants.shorten(grant=grant, by=request.user.pk, ends_at=form.chosen)
        messages.success(request, _("La fin de ce partage est avancée."))
        return redirect("sharing:share", grant_id=grant.pk)
    return render(request, "sharing/shares/shorten.html", {"share": words.share(grant), "form": form})


@require_http_methods(["GET", "POST"])
def renew(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Renew the share: the same items with their current values; only the length is asked."""
    grant = _find_grant(grant_id)
    agreement = agreements.of(grant)
    if agreement is None or not words.may_renew(grant, agreement):
        messages.warning(
            request, _("Cet accord a changé depuis. Il faut le relire en entier avant de le donner à nouveau.")
        )
        return redirect("sharing:share", grant_id=grant.pk)
    codes = words.chosen(grant, agreement)
    values = household.values_today(resident_id=request.user.pk, agreement=agreement)
    held = held_words(agreement, values)
    form = RenewForm(agreement, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _renew(request, grant, agreement, form, {code: held[code] for code in held if code in codes})
    context = {
        "share": words.share(grant),
        "agreement": agreement,
        "words": agreement.rendered_words(grant.recipient_label),
        "rows": words.held_rows(agreement, codes, held),
        "seen": household.fingerprint(values),
        "form": form,
    }
    return render(request, "sharing/shares/renew.html", context)


def _renew(
    request: SignedInRequest, grant: Grant, agreement: Agreement, form: RenewForm, shown: dict[str, str]
) -> HttpResponse:
    check(grant, locked=False)
    terms = form.terms(grant, words.chosen(grant, agreement), shown)
    try:
        fresh = recipients.get(grant.recipient_kind).give(grant, agreement, terms, request.POST.get("seen", ""))
    except grants.Changed:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
        return redirect("sharing:renew_share", grant_id=grant.pk)
    except PermissionDenied:
        messages.warning(
            request, _("Ce n’est plus possible : vous n’êtes plus relié à cette personne. Rien n’est partagé.")
        )
        return redirect("sharing:share", grant_id=grant.pk)
    messages.success(request, _("Votre accord est donné. Vous pouvez l’arrêter ici à tout moment."))
    return redirect("sharing:share", grant_id=fresh.pk)


@require_safe
def receipt(request: SignedInRequest, grant_id: UUID, event_id: UUID) -> HttpResponse:
    """Download a signed receipt. It names the granted fields without a value; nothing is decrypted."""
    event = get_object_or_404(GrantEvent.objects.select_related("grant"), pk=event_id, grant=grant_id)
    signed = grants.receipt(event)
    if not signed:
        messages.warning(request, _("Ce reçu n’a pas encore pu être signé. Réessayez plus tard : rien n’est perdu."))
        return redirect("sharing:share", grant_id=grant_id)
    response = HttpResponse(signed, content_type="application/jose")
    response["Content-Disposition"] = f'attachment; filename="recu-{event.happened}-{event.at:%Y-%m-%d}.jws"'
    return response


@login_not_required
@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Publish the public keys that verify receipts."""
    try:
        return JsonResponse(receipts.published(), content_type="application/jwk-set+json")
    except receipts.NoKey:
        return JsonResponse(
            {"keys": []}, content_type="application/jwk-set+json", status=HTTPStatus.SERVICE_UNAVAILABLE
        )


def _find_grant(grant_id: UUID) -> Grant:
    found: Grant = get_object_or_404(
        Grant.objects.select_related("link").prefetch_related("fields", "papers"), pk=grant_id
    )
    return found
