"""The parts of the resident's home page from this app: papers to confirm, papers that expire soon, an empty vault."""

from collections.abc import Iterator
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.pages import home
from core.templatetags.civic import short_date
from vault.records import wording
from vault.records.content import paper_kinds
from vault.records.enums import PaperState
from vault.records.models import Paper, PaperKind
from vault.records.values import listing

SOON = timedelta(days=30)


def blocks(request: HttpRequest) -> Iterator[home.Part]:
    """Read rows only, never a value: the home page writes no journal entry."""
    today = timezone.localdate()
    held = list(Paper.objects.all()) if home.has(request, "papers") else []
    if not held and not home.has(request, "values"):
        yield home.Empty()
    yield _way()
    papers = [paper for paper in held if _matters(paper)]
    kinds = home.once(request, paper_kinds.by_code) if papers else {}
    for paper in papers:
        kind = kinds.get(paper.kind)
        label = wording.paper_title(kind)
        if paper.state == PaperState.TO_CONFIRM:
            name = _("Confirmer un papier : %(paper)s") % {"paper": label}
            hint = _("Vérifiez ce que nous avons lu. Rien n’est rangé avant.")
            yield home.ToDo(
                name, reverse("records:confirm_paper", args=[paper.pk]), hint=hint, tag=_("À confirmer"), order=10
            )
        elif paper.expires_on is not None and paper.expires_on <= today + _notice(kind):
            tag, tag_kind = _expiry(paper)
            yield home.Expiry(
                label, reverse("records:paper", args=[paper.pk]), on=paper.expires_on, tag=tag, tag_kind=tag_kind
            )


home.look_for(papers=Paper.objects.all, values=listing.beyond_identity)


def _way() -> home.Way:
    return home.Way(
        title=_("Ajouter un papier"),
        needs=_("Votre avis d’impôt, en PDF ou en photo"),
        gives=_("Votre revenu fiscal et vos parts, vérifiés. Il reste quelques questions"),
        time=_("Trois minutes"),
        href=reverse("records:add_paper"),
        action=_("Ajouter un papier"),
        icon="folder",
        order=20,
    )


def _matters(paper: Paper) -> bool:
    return paper.state in {PaperState.TO_CONFIRM, PaperState.KEPT}


def _notice(kind: PaperKind | None) -> timedelta:
    return timedelta(days=kind.renewal_notice_days) if kind and kind.renewal_notice_days else SOON


def _expiry(paper: Paper) -> tuple[str, str]:
    if paper.expired:
        return _("Expiré le %(day)s") % {"day": short_date(paper.expires_on)}, "expired"
    return _("Expire le %(day)s") % {"day": short_date(paper.expires_on)}, "soon"
