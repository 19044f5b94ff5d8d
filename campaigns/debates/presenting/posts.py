"""Posts as pages show them: in a neutral order, and without an author."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.debates import standing
from campaigns.debates.enums import Kind
from campaigns.debates.models import Authorship, Moderation, Post, Vote
from campaigns.debates.ordering import drawn
from campaigns.debates.personal import find_personal
from campaigns.plans.models import Campaign
from core.templatetags.civic import clock, long_date

#: Arguments of each side on the list; the others are on the proposal's page.
SHOWN = 2


@dataclass
class Shown:
    """A proposal with its arguments."""

    letter: str
    post: Post
    arguments_for: list[Post] = field(default_factory=list)
    arguments_against: list[Post] = field(default_factory=list)

    @property
    def first_for(self) -> list[Post]:
        return self.arguments_for[:SHOWN]

    @property
    def first_against(self) -> list[Post]:
        return self.arguments_against[:SHOWN]

    @property
    def more(self) -> int:
        in_all = len(self.arguments_for) + len(self.arguments_against)
        return in_all - len(self.first_for) - len(self.first_against)


def title_of(campaign: Campaign) -> str:
    return campaign.title["en" if get_language() == "en" else "fr"]


def shown(campaign: Campaign) -> list[Shown]:
    """Return the proposals in their drawn order; arguments in theirs."""
    posts = list(Post.objects.filter(campaign=campaign).shown())
    about: dict[UUID | None, list[Post]] = defaultdict(list)
    for post in drawn(campaign.pk, posts):
        about[post.about_id].append(post)
    found = []
    for place, post in enumerate(about[None]):
        sides: dict[str, list[Post]] = {Kind.FOR: [], Kind.AGAINST: []}
        for one in about[post.pk]:
            sides[one.kind].append(one)
        found.append(Shown(letter(place), post, sides[Kind.FOR], sides[Kind.AGAINST]))
    return found


def letter(place: int) -> str:
    """Return A to Z, then AA to ZZ."""
    first, last = divmod(place, 26)
    return (letter(first - 1) if first else "") + chr(ord("A") + last)


def set_aside(campaign: Campaign) -> list[dict[str, Any]]:
    """Return what moderation set aside: the rule and the reasons, without the words."""
    found = Moderation.objects.filter(post__campaign=campaign).exclude(upheld=True).select_related("post")
    return [
        {
            "label": f"{one.post.get_kind_display()}\u00a0: {one.reasons}",
            "text": _("Le %(day)s. Règle : %(rule)s. %(appeal)s")
            % {"day": long_date(one.at), "rule": one.get_rule_display(), "appeal": _appeal(one)},
        }
        for one in found.order_by("-at")
    ]


def kept_out(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the proposals that a vote leaves out, with their words, for the two agents who open it."""
    found = Moderation.objects.filter(post__campaign=campaign, post__kind=Kind.PROPOSAL).exclude(upheld=True)
    words = _("%(text)s Écartée le %(day)s. Règle\u00a0: %(rule)s. Raison\u00a0: %(reasons)s %(appeal)s")
    return [
        {
            "label": one.post.title,
            "text": words
            % {
                "text": one.post.text,
                "day": long_date(one.at),
                "rule": one.get_rule_display(),
                "reasons": one.reasons,
                "appeal": _appeal(one),
            },
        }
        for one in found.select_related("post").order_by("-at")
    ]


def point_out(proposals: Iterable[tuple[str, str]]) -> list[str]:
    """Return what the proposals of a vote, which it publishes for good, say of somebody: a sentence each."""
    said = _("« %(title)s » donne : %(found)s")
    return [
        said % {"title": title, "found": ", ".join(found)}
        for title, text in proposals
        if (found := find_personal(title, text))
    ]


def waits_words(until: datetime) -> str:
    """Say until when a vote waits for who may contest."""
    said = _("Une proposition est écartée\u00a0: son auteur peut contester jusqu’au %(day)s à %(hour)s.")
    return said % {"day": long_date(until), "hour": clock(until)}


def _appeal(one: Moderation) -> str:
    if one.decided_at:
        return _("Contestation rejetée : %(words)s") % {"words": one.decision}
    return _("Contesté, un autre agent décide.") if one.waits else ""


def own(campaign: Campaign) -> list[dict[str, Any]]:
    """Return what the resident in scope wrote, with what became of it, for themself alone."""
    written = Authorship.objects.filter(post__campaign=campaign).select_related("post__moderation")
    return [_own(one.post) for one in written.order_by("created_at")]


def _own(post: Post) -> dict[str, Any]:
    moderation = getattr(post, "moderation", None)
    row: dict[str, Any] = {"label": str(post), "text": post.get_kind_display()}
    if moderation is None or moderation.upheld:
        return row | {"tag": _("Publié"), "tag_kind": "ok"}
    row |= {"tag": _("Écarté"), "tag_kind": "expired"}
    if moderation.appealed_on is None:
        href = reverse("debates:appeal", args=[post.campaign.code, post.pk])
        if post.kind == Kind.PROPOSAL and (until := moderation.vote_waits_until) > timezone.now():
            words = _("Contestez avant le %(day)s à %(hour)s\u00a0: aucun vote ne peut ouvrir avant.")
            row["text"] = f"{row['text']}. " + words % {"day": long_date(until), "hour": clock(until)}
        return row | {"action_href": href, "action": _("Contester")}
    return row


def agents_rows(campaign: Campaign) -> list[dict[str, Any]]:
    """Return every post for agents, the appeals that wait first."""
    posts = Post.objects.filter(campaign=campaign).select_related("moderation", "campaign").order_by("-written_on")
    rows = [(_waits(post), _agents_row(post)) for post in posts]
    return [row for _first, row in sorted(rows, key=lambda one: not one[0])]


def _waits(post: Post) -> bool:
    moderation = getattr(post, "moderation", None)
    return moderation is not None and moderation.waits


def _agents_row(post: Post) -> dict[str, Any]:
    moderation = getattr(post, "moderation", None)
    where = [post.campaign.code, post.pk]
    row: dict[str, Any] = {
        "label": str(post),
        "text": f"{post.get_kind_display()}, {long_date(post.written_on)}" + (f". {post.text}" if post.title else ""),
    }
    if moderation is None:
        return row | {"action_href": reverse("debates:set_aside", args=where), "action": _("Écarter")}
    if moderation.waits:
        href = reverse("debates:decide_appeal", args=where)
        return row | {"tag": _("Contesté"), "tag_kind": "soon", "action_href": href, "action": _("Décider")}
    return row | {"tag": _("Remis"), "tag_kind": "ok"} if moderation.upheld else row | {"tag": _("Écarté")}


def may(vote: Vote | None) -> dict[str, bool]:
    """Return what may be written today, in a debate with this vote."""
    return {
        "takes_proposals": standing.takes_proposals(vote),
        "takes_arguments": standing.takes_arguments(vote, timezone.now()),
    }
