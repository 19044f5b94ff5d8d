"""What the vault shows on the resident's home page: papers to confirm, papers that expire, the last lines of the journal."""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import home, journal
from core.templatetags.civic import short_date
from vault import holders, wording
from vault.enums import ConnectionState, EmergencyState, PaperState, RequestState
from vault.models import AccessRequest, Connection, DataRequest, EmergencyAccess, Grant, Paper, PaperKind
from vault.models.grant import UNUSED
from vault.presenting import journal as journal_sentences
from vault.presenting import shares

SOON = timedelta(days=30)
A_WEEK = timedelta(days=7)
LAST_LINES = 3
#: Shares that the home page names.
SHOWN = 5


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    """Rows only, no value: the home page needs no line in the journal."""
    yield from _papers()
    yield from _connections()
    yield from _requests()
    yield from _asked()
    yield from _emergencies()
    yield from _shares()
    lines = journal.entries(resident_id=cast(UUID, request.user.pk), limit=LAST_LINES)
    days = journal_sentences.by_day(lines, reader=cast(UUID, request.user.pk))
    told = [f"{short_date(day.day)}, {line.at}. {line.sentence}" for day in days for line in day.lines]
    yield home.HomeBlock(home.Slot.ASIDE, "vault/home_journal.html", {"lines": [{"label": text} for text in told]}, order=80)


def companions_start(request: HttpRequest) -> str:
    return "vault:accompanying" if getattr(request.user, "is_companion", False) else ""


def _papers() -> Iterator[home.Part]:
    today = timezone.localdate()
    papers = [paper for paper in Paper.objects.all() if _matters(paper)]
    kinds = {kind.code: kind for kind in PaperKind.objects.filter(code__in={paper.kind for paper in papers})} if papers else {}
    for paper in papers:
        kind = kinds.get(paper.kind)
        label = wording.paper_title(kind)
        if paper.state == PaperState.TO_CONFIRM:
            name = _("Confirmer un papier : %(paper)s") % {"paper": label}
            hint = _("Vérifiez ce que nous avons lu. Rien n’est rangé avant.")
            yield home.ToDo(name, reverse("vault:confirm_paper", args=[paper.pk]), hint=hint, tag=_("À confirmer"), order=10)
        elif paper.expires_on is not None and paper.expires_on <= today + _notice(kind):
            tag, tag_kind = _expiry(paper)
            yield home.Expiry(label, reverse("vault:paper", args=[paper.pk]), on=paper.expires_on, tag=tag, tag_kind=tag_kind)


def _connections() -> Iterator[home.Part]:
    """A monthly connection that ends within 30 days, or that its holder has ended, asks for an answer; one asked for once does not."""
    for connection in Connection.objects.open().filter(state=ConnectionState.ACTIVE):
        here = reverse("vault:connection", args=[connection.pk])
        told = {"holder": holders.name(connection.holder), "day": short_date(connection.expires_on)}
        if connection.problem == "consent_over":
            yield home.ToDo(_("Renouveler votre accord : %(holder)s") % told, here, tag=_("Terminé"), tag_kind="expired", order=30)
        elif connection.unattended and connection.ends_soon:
            name = _("La connexion à %(holder)s se termine le %(day)s") % told
            yield home.ToDo(name, here, hint=_("Renouvelez-la si elle vous sert encore."), tag=_("Bientôt"), order=30)


def _requests() -> Iterator[home.Part]:
    for request in DataRequest.objects.filter(answered_on=None, complained_on=None):
        label, href = holders.name(request.holder), reverse("vault:request", args=[request.pk])
        if request.state == RequestState.DRAFT:
            name = _("Envoyer votre demande : %(holder)s") % {"holder": label}
            yield home.ToDo(name, href, hint=_("La lettre est prête."), tag=request.state.label, order=50)
        elif request.state == RequestState.LATE:
            name = _("Votre demande est restée sans réponse : %(holder)s") % {"holder": label}
            hint = _("Déposez plainte à la CNIL si rien ne vient.") if request.reminded_on else _("La lettre de relance est prête.")
            yield home.ToDo(name, href, hint=hint, tag=request.state.label, tag_kind="expired", order=15)


def _asked() -> Iterator[home.Part]:
    for request in AccessRequest.objects.waiting():
        name = _("Répondre à %(name)s, qui demande à voir des données") % {"name": request.label}
        hint = _("Rien n’est lu sans votre réponse. Ne pas répondre, c’est non.")
        yield home.ToDo(name, reverse("vault:access_request", args=[request.pk]), hint=hint, tag=_("À répondre"), order=20)


def _emergencies() -> Iterator[home.Part]:
    """First of all that there is to do; for a week after it was asked, whatever became of it."""
    for access in EmergencyAccess.objects.filter(created_at__gt=timezone.now() - A_WEEK).select_related("grant"):
        name = _("Accès d’urgence à votre coffre : lire qui et pourquoi")
        hint = _("Demandé par %(name)s le %(day)s.") % {"name": access.asked_by_name, "day": short_date(access.created_at)}
        tag_kind = "soon" if access.state in {EmergencyState.WAITING, EmergencyState.OPEN} else "expired"
        yield home.ToDo(name, reverse("vault:emergency", args=[access.pk]), hint=hint, tag=access.state.label, tag_kind=tag_kind, order=5)


def _shares() -> Iterator[home.Part]:
    """Who sees what, one click from stopping it; what ends within 30 days, and for a month what does not serve."""
    standing = list(Grant.objects.standing().select_related("link").prefetch_related("fields", "papers"))
    for grant in standing:
        here, told = reverse("vault:share", args=[grant.pk]), {"name": grant.recipient_label, "day": short_date(grant.ends_at)}
        if grant.ends_soon:
            hint = _("Rien à faire si vous n’en avez plus besoin : il s’arrête tout seul.")
            yield home.ToDo(_("Le partage avec %(name)s se termine le %(day)s") % told, here, hint=hint, tag=_("Bientôt"), order=60)
        elif grant.unused and (grant.last_used_at or grant.starts_at) > timezone.now() - UNUSED - SOON:
            hint = _("Arrêtez-le s’il ne vous est plus utile.")
            yield home.ToDo(_("Le partage avec %(name)s ne sert pas") % told, here, hint=hint, tag=_("À regarder"), order=70)
    lines = [shares.home_line(one) for one in shares.every(standing[:SHOWN])]
    yield home.HomeBlock(home.Slot.ASIDE, "vault/home_shares.html", {"lines": lines, "more": len(standing) > SHOWN}, order=90)


def _matters(paper: Paper) -> bool:
    return paper.state in {PaperState.TO_CONFIRM, PaperState.KEPT}


def _notice(kind: PaperKind | None) -> timedelta:
    return timedelta(days=kind.renewal_notice_days) if kind and kind.renewal_notice_days else SOON


def _expiry(paper: Paper) -> tuple[str, str]:
    if paper.expired:
        return _("Expiré le %(day)s") % {"day": short_date(paper.expires_on)}, "expired"
    return _("Expire le %(day)s") % {"day": short_date(paper.expires_on)}, "soon"
