"""Write in a debate, set a post aside, appeal. What is written is public; who wrote it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from accounts.two_persons import ACTS
from campaigns.debates import perms, standing
from campaigns.debates.enums import Kind, Rule
from campaigns.debates.models import Authorship, Moderation, Post
from campaigns.plans.models import Campaign
from core import journal
from core.database import locks
from core.journal import register
from core.models.rows import check
from vault.records.perms import require_may_write

WRITE = gettext_noop("Débattre des résultats d’une consultation")
#: Of one resident, in one consultation.
MOST_PROPOSALS, MOST_ARGUMENTS = 2, 20
#: Of entries of the register.
KIND = "debate"


class Closed(Exception):
    """Nothing may be written now: no result yet, a vote is asked for, or it is over."""


class TooMany(Exception):
    """The resident wrote as much as one may."""


class NotNow(Exception):
    """The post is set aside already, or is being voted on; or its appeal is made or decided."""


def propose(*, resident_id: UUID, by: UUID, campaign: Campaign, title: str, text: str) -> Post:
    """Write a proposal about a consultation's results.

    Raises:
        PermissionDenied: not their vault.
        ValueError: no words.
        Closed, TooMany
    """
    with _writing(resident_id, by, campaign):
        if not standing.has_debate(campaign) or not standing.takes_proposals(standing.vote_of(campaign)):
            raise Closed
        post = Post(campaign=campaign, kind=Kind.PROPOSAL, title=_said(title), text=_said(text))
        return _write(resident_id, post, MOST_PROPOSALS, [Kind.PROPOSAL])


def argue(*, resident_id: UUID, by: UUID, proposal: Post, kind: Kind, text: str) -> Post:
    """Write an argument for or against a proposal. Raises as `propose`."""
    campaign = proposal.campaign
    with _writing(resident_id, by, campaign):
        takes = standing.takes_arguments(standing.vote_of(campaign), timezone.now())
        if not takes or not standing.has_debate(campaign):
            raise Closed
        post = Post(campaign=campaign, about=proposal, kind=kind, text=_said(text))
        return _write(resident_id, post, MOST_ARGUMENTS, [Kind.FOR, Kind.AGAINST])


def set_aside(*, post: Post, by: User, rule: Rule, reasons: str) -> Moderation:
    """Set a post aside for a rule of the debate. Its words are no longer shown; the rule and the reasons are.

    Raises:
        PermissionDenied: `by` is no agent.
        NotTwo: `by` may not be one of the two who decide on an appeal.
        ValueError: no reasons.
        NotNow
    """
    perms.require_agent(by)
    ACTS["decide_appeal"].require_first(by)
    with transaction.atomic():
        # A vote that is asked for meanwhile waits, or has this post among its options.
        locks.hold("debate", post.campaign_id)
        held = Post.objects.select_for_update().get(pk=post.pk)
        if Moderation.objects.filter(post=held).exists() or _is_voted_on(held):
            raise NotNow
        made = Moderation.objects.create(post=held, by=by, rule=rule, reasons=_said(reasons))
        _note(made, "post_set_aside", {"rule": rule.value, "reasons": made.reasons})
    return made


def appeal(*, resident_id: UUID, by: UUID, moderation: Moderation, words: str) -> Moderation:
    """Contest, once, that one's own post was set aside. Another agent decides.

    Raises:
        PermissionDenied: not their vault.
        Authorship.DoesNotExist: somebody else wrote the post.
        ValueError: no words.
        NotNow
    """
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        # A vote on the other proposals waits for this appeal, or was approved before it.
        locks.hold("debate", moderation.post.campaign_id)
        check(Authorship.objects.get(post_id=moderation.post_id))
        held = Moderation.objects.select_for_update().get(pk=moderation.pk)
        if held.appealed_on is not None:
            raise NotNow
        held.appeal, held.appealed_on = _said(words), timezone.localdate()
        held.save(update_fields=["appeal", "appealed_on"])
        journal.write(resident_id=resident_id, actor_id=by, event="post_appealed", purpose=WRITE)
    return held


def decide_appeal(*, moderation: Moderation, by: User, upheld: bool, words: str) -> Moderation:
    """Decide an appeal, as another agent than the one who set the post aside. Upheld, the post is shown again, also if
    the first agent is none of two any more.

    Raises:
        PermissionDenied: `by` set the post aside, or is no agent.
        NotTwo: `by` may not decide with another one, or made the account of the one who set it aside.
        ValueError: no words.
        NotNow: nobody appealed, or it is decided.
    """
    perms.require_may_decide_appeal(by, moderation)
    with transaction.atomic():
        found = Moderation.objects.select_for_update(of=("self",)).select_related("by")
        held = found.get(pk=moderation.pk)
        if not held.waits:
            raise NotNow
        if upheld:
            ACTS["decide_appeal"].require_second(by)
        else:
            ACTS["decide_appeal"].require(held.by, by)
        held.decided_by, held.decided_at, held.upheld, held.decision = by, timezone.now(), upheld, _said(words)
        held.save(update_fields=["decided_by", "decided_at", "upheld", "decision"])
        _note(held, "appeal_decided", {"upheld": upheld, "reasons": held.decision})
    return held


@contextmanager
def _writing(resident_id: UUID, by: UUID, campaign: Campaign) -> Iterator[None]:
    """Hold the consultation's list, so that a vote that freezes it meanwhile waits, or comes first."""
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold("debate", campaign.pk)
        yield


def _write(resident_id: UUID, post: Post, most: int, kinds: list[Kind]) -> Post:
    own = Authorship.objects.filter(post__campaign=post.campaign, post__kind__in=kinds).count()
    if own >= most:
        raise TooMany
    post.written_on = timezone.localdate()
    post.save(force_insert=True)
    Authorship.objects.create(resident_id=resident_id, post=post)
    journal.write(resident_id=resident_id, actor_id=resident_id, event="post_written", purpose=WRITE)
    return post


def _is_voted_on(post: Post) -> bool:
    """Return whether people vote on a post. Its words may go once it is counted: the count is signed without them."""
    vote = standing.vote_of(post.campaign)
    is_option = vote is not None and any(one["id"] == str(post.pk) for one in vote.options)
    return is_option and vote is not None and standing.count_of(vote.pk) is None


def _note(moderation: Moderation, event: str, content: dict[str, Any]) -> None:
    """Write the register's entry, without the post's words."""
    about: dict[str, Any] = {"consultation": moderation.post.campaign.code, "kind": moderation.post.kind}
    register.write(kind=KIND, subject_id=moderation.post_id, event=event, content=about | content)


def _said(words: str) -> str:
    if not words.strip():
        raise ValueError("say something")
    return words.strip()
