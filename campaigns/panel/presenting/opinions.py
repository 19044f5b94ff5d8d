"""Opinions and answers as pages show them, with what the city owes."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.panel import standing
from campaigns.panel.enums import Decision, Stance, State
from campaigns.panel.models import Answer, Association, Opinion, Referral
from core.templatetags.civic import long_date

STANCE_TAGS = {Stance.FAVOURABLE: "ok", Stance.RESERVED: "soon", Stance.UNFAVOURABLE: "expired"}
DECISION_TAGS = {Decision.FOLLOWED: "ok", Decision.PARTLY: "soon", Decision.REFUSED: "expired"}


@dataclass(frozen=True)
class Shown:
    """An opinion with the city's answer, or until when it is due."""

    opinion: Opinion
    answer: Answer | None
    late: int

    @property
    def author(self) -> str:
        return author_of(self.opinion)

    @property
    def stance_kind(self) -> str:
        return STANCE_TAGS[Stance(self.opinion.stance)]

    @property
    def tag(self) -> str:
        if self.answer:
            words = {"decision": self.answer.get_decision_display(), "day": long_date(self.answer.at)}
            return _("%(decision)s, le %(day)s") % words
        if self.late:
            return ngettext("Réponse en retard de %(days)s jour", "Réponse en retard de %(days)s jours", self.late) % {
                "days": self.late
            }
        return _("Réponse due le %(day)s") % {"day": long_date(self.opinion.due_on)}

    @property
    def tag_kind(self) -> str:
        if self.answer:
            return DECISION_TAGS[Decision(self.answer.decision)]
        return "expired" if self.late else ""


def author_of(opinion: Opinion) -> str:
    if opinion.member is None:
        return _("%(name)s, association") % {"name": opinion.name}
    return member_name(opinion.member, opinion.name)


def quoted(opinion: Opinion) -> dict[str, str]:
    """Return an opinion as a line of the page that answers it."""
    kind = STANCE_TAGS[Stance(opinion.stance)]
    words = {"label": author_of(opinion), "text": opinion.reasons}
    return words | {"tag": opinion.get_stance_display(), "tag_kind": kind}


def member_name(rank: int, name: str) -> str:
    if name:
        return _("%(name)s, membre %(rank)s") % {"name": name, "rank": rank}
    return _("Membre %(rank)s") % {"rank": rank}


def shown(referral: Referral, today: date) -> list[Shown]:
    """Return the opinions on a referral that was loaded by `read`, the first one first."""
    return [
        Shown(one, getattr(one, "answer", None), (today - one.due_on).days if standing.is_late(one, today) else 0)
        for one in referral.opinions.all()
    ]


def counts(referral: Referral, found: list[Shown]) -> list[dict[str, Any]]:
    """Return the members' opinions by stance, and how many sit and wrote none. Associations are not counted."""
    by_stance = Counter(one.opinion.stance for one in found if one.opinion.member is not None)
    rows = [{"key": stance.label, "value": by_stance[stance]} for stance in Stance]
    if referral.panel.ended_at is None:
        ranks = standing.ranks(referral.panel)
        seated = {ranks[one.number] for one in referral.panel.volunteers.filter(state=State.SITS)}
        silent = seated - {one.opinion.member for one in found}
        rows.append({"key": _("Sans avis"), "value": len(silent)})
    return rows


def lede(found: list[Shown]) -> str:
    answered = sum(one.answer is not None for one in found)
    if not found:
        return _("Personne n’a encore écrit d’avis.")
    text = ngettext("%(count)s avis. ", "%(count)s avis. ", len(found)) % {"count": len(found)}
    if answered == len(found):
        return text + _("La ville a répondu à tous.")
    return text + _("La ville a répondu à %(count)s.") % {"count": answered}


def rows(referrals: list[Referral]) -> list[dict[str, Any]]:
    """Return the referrals as lines of the public page."""
    return [_row(one) for one in referrals]


def _row(referral: Referral) -> dict[str, Any]:
    now = timezone.now()
    found = shown(referral, timezone.localdate(now))
    row: dict[str, Any] = {
        "label": _("N° %(number)s, %(title)s") % {"number": referral.number, "title": referral.name},
        "href": reverse("panel:referral", args=[referral.number]),
        "text": f"{referral.get_kind_display()}. {lede(found)}",
    }
    if any(one.late for one in found):
        return row | {"tag": _("Réponse en retard"), "tag_kind": "expired"}
    if referral.takes_opinions(now):
        return row | {"tag": _("Jusqu’au %(day)s") % {"day": long_date(referral.last_day)}, "tag_kind": "fresh"}
    if found and all(one.answer for one in found):
        return row | {"tag": _("Répondu"), "tag_kind": "ok"}
    return row | ({"tag": _("Réponse attendue"), "tag_kind": ""} if found else {})


def of_association(association: Association) -> list[dict[str, Any]]:
    """Return what an association may write about beside a panel, and what it wrote."""
    by_it = Opinion.objects.filter(organisation_id=association.organisation_id)
    written = set(by_it.values_list("referral", flat=True))
    return [
        to_write(one, "panel:opine_for_association", is_written=one.pk in written)
        for one in association.panel.referrals.select_related("panel")
    ]


def to_write(referral: Referral, page: str, *, is_written: bool) -> dict[str, Any]:
    """Return the line of a referral for somebody who may write an opinion on a page."""
    row: dict[str, Any] = {"label": referral.name, "text": referral.question}
    if not is_written and referral.takes_opinions(timezone.now()):
        return row | {"action_href": reverse(page, args=[referral.number]), "action": _("Donner un avis")}
    row["href"] = reverse("panel:referral", args=[referral.number])
    return row | ({"tag": _("Publié"), "tag_kind": "ok"} if is_written else {"tag": _("Fini")})


def owed(today: date) -> list[dict[str, Any]]:
    """Return what agents must answer, the oldest first: one line for each referral."""
    waiting = Opinion.objects.filter(answer=None).select_related("referral").order_by("at")
    found: dict[Referral, list[Opinion]] = {}
    for one in waiting:
        found.setdefault(one.referral, []).append(one)
    return [_owed(referral, opinions, today) for referral, opinions in found.items()]


def _owed(referral: Referral, opinions: list[Opinion], today: date) -> dict[str, Any]:
    first = opinions[0]
    late = standing.is_late(first, today)
    return {
        "label": _("N° %(number)s, %(title)s") % {"number": referral.number, "title": referral.name},
        "text": ngettext("%(count)s avis sans réponse", "%(count)s avis sans réponse", len(opinions))
        % {"count": len(opinions)},
        "tag": _("En retard") if late else _("Avant le %(day)s") % {"day": long_date(first.due_on)},
        "tag_kind": "expired" if late else "soon",
        "action_href": reverse("panel:answer", args=[referral.number]),
        "action": _("Répondre"),
    }
