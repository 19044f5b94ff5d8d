"""Pages of the household. Members and agreements of another household are a 404."""

import logging
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from accounts.page_limits import may, too_many
from core.messages import mails
from vault.records import gate
from vault.records.actions import grants
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement
from vault.records.models.grant import RESIDENT_KIND
from vault.sharing import perms
from vault.sharing.across import household_access
from vault.sharing.across.household_access import Circle
from vault.sharing.actions import household
from vault.sharing.agreements.shared_facts import SHARED_FACTS
from vault.sharing.forms.household import AgreementForm, CodeForm, InviteForm
from vault.sharing.models import Invitation, Member
from vault.sharing.presenting import household as household_rows

logger = logging.getLogger(__name__)
READ_SHARED = gettext_noop("Voir ce qu’un membre de votre foyer a mis en commun")


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Show the household. Partings are shown and journalled here for the first time."""
    ended = household.learn_of_partings(resident_id=request.user.pk, by=request.user.pk)
    mine = household_access.of(request.user.pk)
    context: dict[str, Any] = {"ended": ended, "invitation": Invitation.objects.open().first(), "others": []}
    if mine is not None:
        given, received = household_rows.given_grants(mine), household_access.received(request.user.pk)
        context["others"] = household_rows.others(mine, given, received)
    return render(request, "sharing/household/home.html", context)


@require_POST
def put_aside(request: SignedInRequest) -> HttpResponse:
    household.put_partings_aside(resident_id=request.user.pk, by=request.user.pk)
    return redirect("sharing:household")


@require_http_methods(["GET", "POST"])
def invite(request: SignedInRequest) -> HttpResponse:
    """Make an invitation and show its code once. The response is the same for any e-mail address, known or not."""
    form = InviteForm(_sent(request))
    if not form.is_valid():
        return render(request, "sharing/household/invite.html", {"form": form})
    email = form.cleaned_data["email"].lower()
    if not may(request, "household_invite") or (email and not may(request, "household_mail", key=email)):
        return too_many(request)
    code = household.invite(resident_id=request.user.pk, by=request.user.pk, role=form.chosen)
    sent = _send(email, code) if email else None
    invitation = Invitation.objects.open().get()
    return render(
        request, "sharing/household/invited.html", {"code": code, "until": invitation.expires_at, "sent": sent}
    )


def _send(email: str, code: str) -> bool:
    """Send the code, without the name or address of the inviting resident. Return False if sending failed.

    Others may read the mailbox, and a name could carry a stranger's message.
    """
    try:
        mails.send("sharing/email/invitation", to=[email], said={"code": code})
    except (OSError, SMTPException) as error:
        logger.warning("an invitation could not be sent", extra={"code": type(error).__name__})
        return False
    return True


@require_POST
def cancel_invitation(request: SignedInRequest) -> HttpResponse:
    household.cancel_invitation(resident_id=request.user.pk, by=request.user.pk)
    messages.success(request, _("Le code n’ouvre plus rien."))
    return redirect("sharing:household")


@require_http_methods(["GET", "POST"])
def join(request: SignedInRequest) -> HttpResponse:
    """Ask for the code, show what accepting means, then join. Each try is counted."""
    form = CodeForm(_sent(request))
    if not form.is_valid():
        return render(request, "sharing/household/join.html", {"form": form})
    if not may(request, "household_join"):
        return too_many(request)
    code = form.cleaned_data["code"]
    try:
        if "accept" in request.POST:
            household.join(resident_id=request.user.pk, by=request.user.pk, code=code)
            messages.success(request, _("Vous avez rejoint le foyer. Rien n’est partagé pour le moment."))
            return redirect("sharing:household")
        offer = household.offer(resident_id=request.user.pk, code=code)
    except household.NoInvitation:
        form.add_error(
            "code",
            _("Ce code n’ouvre rien. Vérifiez-le, ou demandez-en un autre : il dure sept jours et sert une fois."),
        )
    except household.CannotJoin as refused:
        form.add_error("code", _why_not(refused.why))
    else:
        return render(
            request, "sharing/household/accept.html", {"offer": offer, "code": code, "role": offer.role.label}
        )
    return render(request, "sharing/household/join.html", {"form": form})


def _why_not(why: str) -> str:
    return {
        "self": _("Ce code est le vôtre. Donnez-le à la personne que vous invitez."),
        "already": _("Vous êtes déjà dans un foyer. Quittez-le d’abord."),
        "couple": _("Ce foyer compte déjà deux conjoints. Demandez un code pour « un autre adulte »."),
        "full": _("Ce foyer est complet."),
    }[why]


@require_http_methods(["GET", "POST"])
def agree(request: SignedInRequest, member_id: UUID, code: str) -> HttpResponse:
    """Show the agreement with the current values, and give it. The link to refuse is as prominent as the button."""
    other, agreement = _find(request, member_id, code)
    values = household.values_today(resident_id=request.user.pk, agreement=agreement)
    held = household_rows.values_by_item(agreement, values)
    form = AgreementForm(agreement, held, _sent(request))
    context = {
        "other": other,
        "agreement": agreement,
        "words": agreement.rendered_words(other.name),
        "required": [
            {"key": item.label, "value": held[item.code] or "–"} for item in agreement.items if item.required
        ],
        "seen": household.fingerprint(values),
        "form": form,
    }
    if request.method == "POST" and form.is_valid():
        try:
            _give(request, other, agreement, form)
        except grants.Changed:
            messages.warning(
                request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
            )
            return redirect("sharing:agree", member_id=member_id, code=code)
        messages.success(request, _("Votre accord est donné. Vous pouvez l’arrêter ici à tout moment."))
        return redirect("sharing:household")
    return render(request, "sharing/household/agree.html", context)


def _give(request: SignedInRequest, other: Member, agreement: Agreement, form: AgreementForm) -> None:
    person = request.user.pk
    if agreement.code == SHARED_FACTS:
        seen = request.POST.get("seen", "")
        household.share_facts(resident_id=person, by=person, member_id=other.pk, terms=form.terms, seen=seen)
    else:
        household.agree(resident_id=person, by=person, member_id=other.pk, agreement=agreement, terms=form.terms)


@require_safe
def shared_with_me(request: SignedInRequest, member_id: UUID) -> HttpResponse:
    mine = _circle(request)
    other = mine.other(member_id)
    if other is None:
        raise Http404
    facts = household_rows.active_facts(mine, other)
    shared = agreements.get(SHARED_FACTS)
    notes = [
        gate.own_note(
            resident_id=request.user.pk,
            purpose=READ_SHARED,
            place=fact.place,
            content=bytes(fact.content),
            event="shared_facts_read",
            recipient=other.name,
        )
        for fact in facts
    ]
    context = {"other": other, "rows": [row for note in notes for row in household_rows.fact_rows(note, shared)]}
    return render(request, "sharing/household/shared.html", context)


@require_http_methods(["GET", "POST"])
def leave(request: SignedInRequest) -> HttpResponse:
    """Leave the household in two clicks, without condition. The second button also quits like “Quitter vite”."""
    if request.method != "POST":
        return render(request, "sharing/household/leave.html", {"alone": household_access.of(request.user.pk) is None})
    household.leave(resident_id=request.user.pk, by=request.user.pk)
    if "quietly" in request.POST:
        logout(request)
        return render(request, "sharing/household/left_quietly.html")
    messages.success(request, _("Vous avez quitté ce foyer. Plus rien n’est partagé avec lui."))
    return redirect("sharing:household")


def _sent(request: SignedInRequest) -> QueryDict | None:
    """Return the POST data, even if empty, or None for another method."""
    return request.POST if request.method == "POST" else None


def _circle(request: SignedInRequest) -> Circle:
    found = household_access.of(request.user.pk)
    if found is None:
        raise Http404
    return found


def _find(request: SignedInRequest, member_id: UUID, code: str) -> tuple[Member, Agreement]:
    mine = _circle(request)
    other = mine.other(member_id)
    try:
        agreement = agreements.get(code)
    except KeyError:
        raise Http404 from None
    between_residents = agreement.recipient_kind == RESIDENT_KIND
    if other is None or not between_residents or not perms.may_agree_with(agreement.role, mine.me, other):
        raise Http404
    return other, agreement
