"""The members of a publisher: all see them, and the one who answers for it invites and removes."""

from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import members
from accounts.decorators import publishers_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.models import PublisherMember, PublisherRole
from certification.developers.forms import MemberForm
from certification.developers.presenting import pages as words
from certification.labels import perms
from certification.labels.views.asking import ask, sent


@publishers_only
@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    place = perms.place_of(request.user)
    current = PublisherMember.objects.with_roles().filter(publisher=place.publisher)
    owner = place.role == PublisherRole.OWNER
    context = {
        "place": place,
        "lines": words.member_lines(current.order_by("since"), place, owner=owner),
        "invited": words.invited_lines(members.invited(place.publisher)),
        "owner": owner,
    }
    return render(request, "developers/members.html", context)


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def invite(request: SignedInRequest) -> HttpResponse:
    _require_owner(request)

    def act(data: dict[str, object]) -> object:
        try:
            return members.invite(by=request.user, link=_link, **data)  # type: ignore[arg-type]  # of the form
        except members.TooMany as error:
            raise ValidationError(_("Vous avez envoyé dix invitations aujourd’hui. Reprenez demain.")) from error

    return ask(
        request,
        MemberForm(sent(request)),
        act,
        heading=_("Inviter un membre"),
        hint=_("Un lien d’une semaine part à cette adresse. La personne choisit ensuite sa double vérification."),
        button=_("Inviter"),
        back=reverse("developers:members"),
        said=_("L’invitation part."),
    )


@publishers_only
@recently_authenticated
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, place_id: UUID) -> HttpResponse:
    mine = perms.place_of(request.user)
    current = PublisherMember.objects.current().filter(publisher=mine.publisher).select_related("person")
    place = get_object_or_404(current.exclude(pk=mine.pk), pk=place_id)
    _require_owner(request)
    if request.method == "POST":
        members.remove(place=place, by=request.user)
        return redirect("developers:members")
    context = {
        "title": _("Retirer %(name)s ?") % {"name": place.person.name},
        "follows": [
            _("Ses sessions finissent tout de suite, et son compte est fermé."),
            _("Les programmes et leurs secrets restent : changez ceux que cette personne connaît."),
        ],
        "button": _("Retirer ce membre"),
        "back": reverse("developers:members"),
    }
    return render(request, "labels/confirm.html", context)


def _require_owner(request: SignedInRequest) -> None:
    if perms.place_of(request.user).role != PublisherRole.OWNER:
        raise PermissionDenied


def _link(token: str) -> str:
    return settings.SITE_URL + reverse("open_account", args=[token])
