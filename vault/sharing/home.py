"""This app's parts of the home page: access requests, emergency accesses, appointments, ending or unused shares."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.models import City
from core.pages import home
from core.templatetags.civic import short_date
from vault.records.enums import Happened
from vault.records.models import Grant, GrantEvent
from vault.records.models.grant import RETURNED, UNUSED
from vault.sharing.actions import desk
from vault.sharing.enums import EmergencyState
from vault.sharing.models import AccessRequest, EmergencyAccess, ErasureRequest, Handover
from vault.sharing.presenting import mandates, shares

SOON = timedelta(days=30)
A_WEEK = timedelta(days=7)
#: How many shares the home page names.
SHOWN = 5


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    for name, parts in _PARTS.items():
        if home.has(request, name):
            yield from parts()
    if isinstance(request.user, User) and home.has(request, "visits"):
        desk.end_left_of(resident_id=request.user.pk)
    yield from _shares()


def _meetings() -> Iterator[home.Part]:
    yield home.HomeBlock(home.Slot.MAIN, "sharing/home_meetings.html", {"lines": mandates.own_help()}, order=60)


def _of_the_week() -> QuerySet[EmergencyAccess]:
    return EmergencyAccess.objects.filter(created_at__gt=timezone.now() - A_WEEK)


def _given_back() -> QuerySet[GrantEvent]:
    ended = (Happened.RETURNED, Happened.REVOKED)
    return GrantEvent.objects.filter(happened__in=ended, at__gt=timezone.now() - RETURNED)


def _overdue() -> QuerySet[ErasureRequest]:
    return ErasureRequest.objects.open().filter(due_at__lte=timezone.now())


def companions_start(request: HttpRequest) -> str:
    return "sharing:accompanying" if getattr(request.user, "is_companion", False) else ""


def at_desk(request: HttpRequest) -> bool:
    """Return True for agents who keep the desk."""
    return isinstance(request.user, User) and request.user.at_desk


def in_this_city(request: HttpRequest) -> bool:
    """Return True if the city has urgent access."""
    return City.current().emergency_access


def _asked() -> Iterator[home.Part]:
    for request in AccessRequest.objects.waiting():
        name = _("Répondre à %(name)s, qui demande à voir des données") % {"name": request.label}
        hint = _("Rien n’est lu sans votre réponse. Ne pas répondre, c’est non.")
        yield home.ToDo(
            name, reverse("sharing:access_request", args=[request.pk]), hint=hint, tag=_("À répondre"), order=20
        )


def _handed_over() -> Iterator[home.Part]:
    for row in Handover.objects.waiting().select_related("grant"):
        if row.grant.stands:
            name = _("Dire si %(name)s peut vous accompagner") % {"name": row.label}
            hint = _("%(name)s vous le propose. Sans réponse, rien ne change.") % {"name": row.grant.recipient_label}
            yield home.ToDo(name, reverse("sharing:handover", args=[row.pk]), hint=hint, tag=_("À répondre"), order=20)


def _emergencies() -> Iterator[home.Part]:
    """Yield each emergency access for a week after it was asked, whatever its state, at the top of the list."""
    for access in _of_the_week().select_related("grant"):
        name = _("Accès d’urgence à votre coffre : lire qui et pourquoi")
        hint = _("Demandé par %(name)s le %(day)s.") % {
            "name": access.asked_by_name,
            "day": short_date(access.created_at),
        }
        tag_kind = "soon" if access.state in {EmergencyState.WAITING, EmergencyState.OPEN} else "expired"
        yield home.ToDo(
            name,
            reverse("sharing:emergency", args=[access.pk]),
            hint=hint,
            tag=access.state.label,
            tag_kind=tag_kind,
            order=5,
        )


def _returned() -> Iterator[home.Part]:
    """Yield for a week each agreement that its recipient gave back, or that the city ended."""
    for event in _given_back().select_related("grant"):
        said = {"name": event.grant.recipient_label}
        name = _("%(name)s vous rend votre accord : rien n’est plus lu") % said
        if event.happened == Happened.REVOKED:
            name = _("%(name)s : la ville a retiré son autorisation, votre accord est terminé") % said
        hint = _("Rien à faire. Vous pouvez voir ce qui a été reçu.")
        href = reverse("sharing:share", args=[event.grant_id])
        yield home.ToDo(name, href, hint=hint, tag=_("Terminé"), tag_kind="expired", order=66)


def _late_erasures() -> Iterator[home.Part]:
    """Yield the requests to erase whose time is over without an answer."""
    for request in _overdue().select_related("grant"):
        name = _("%(name)s n’a pas dit avoir effacé ce qu’il a reçu") % {"name": request.grant.recipient_label}
        hint = _("Réponse due le %(day)s. Vous pouvez vous plaindre à la CNIL.") % {"day": short_date(request.due_at)}
        href = reverse("sharing:erasure", args=[request.grant_id])
        yield home.ToDo(name, href, hint=hint, tag=str(request.state.label), tag_kind="expired", order=65)


def _shares() -> Iterator[home.Part]:
    """Yield the current shares, those that end within 30 days, and for a month those that are unused."""
    standing = list(Grant.objects.standing())
    for grant in standing:
        href = reverse("sharing:share", args=[grant.pk])
        values = {"name": grant.recipient_label, "day": short_date(grant.ends_at)}
        if grant.ends_soon:
            hint = _("Rien à faire si vous n’en avez plus besoin : il s’arrête tout seul.")
            yield home.ToDo(
                _("Le partage avec %(name)s se termine le %(day)s") % values,
                href,
                hint=hint,
                tag=_("Bientôt"),
                order=60,
            )
        elif grant.unused and (grant.last_used_at or grant.starts_at) > timezone.now() - UNUSED - SOON:
            hint = _("Arrêtez-le s’il ne vous est plus utile.")
            yield home.ToDo(
                _("Le partage avec %(name)s ne sert pas") % values, href, hint=hint, tag=_("À regarder"), order=70
            )
    lines = shares.home_lines(standing[:SHOWN])
    yield home.HomeBlock(
        home.Slot.ASIDE, "sharing/home_shares.html", {"lines": lines, "more": len(standing) > SHOWN}, order=90
    )


#: What shows each kind of row, by the name under which the page looks for it.
_PARTS = {
    "access_requests": _asked,
    "handovers": _handed_over,
    "emergencies": _emergencies,
    "given_back": _returned,
    "late_erasures": _late_erasures,
    "meetings": _meetings,
}
home.look_for(
    access_requests=lambda: AccessRequest.objects.waiting(),
    handovers=lambda: Handover.objects.waiting(),
    emergencies=_of_the_week,
    given_back=_given_back,
    late_erasures=_overdue,
    meetings=mandates.help_ahead,
    visits=desk.visits_standing,
)
