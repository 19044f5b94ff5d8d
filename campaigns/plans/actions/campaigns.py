"""A consultation from its draft to its end. Each verb writes the state, one event and one entry of the register."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.two_persons import ACTS, require_apart
from campaigns.noise.plan import Plan, sha256_of
from campaigns.plans import opening, perms
from campaigns.plans.models import Campaign, CampaignEvent
from campaigns.plans.states import NotNow, State, Step, next_state
from core.journal import register

#: Of entries of the register.
KIND = "consultation"


class NoOpinion(NotNow):
    """The data protection officer has given no opinion on this plan."""


class NotReady(NotNow):
    """This installation cannot open a consultation; the message has the reasons."""


def begin(*, by: User, template: str, document: Mapping[str, Any]) -> Campaign:
    """Begin a draft. It is public from now on, by its title.

    Raises:
        PermissionDenied: `by` is no agent.
        IntegrityError: another consultation has the code.
    """
    perms.require_agent(by)
    with transaction.atomic():
        campaign = Campaign.objects.create(
            code=document["code"], template=template, document=dict(document), created_by=by
        )
        _note(campaign, Step.DRAFT, by)
    return campaign


def change(*, campaign: Campaign, by: User, document: Mapping[str, Any]) -> Campaign:
    """Write the plan of a draft, which need not be a whole one yet. Its code stays.

    Raises:
        PermissionDenied: `by` is not the author.
        NotNow: the plan is frozen.
    """
    perms.require_author(by, campaign)
    with _alone(campaign) as held:
        if held.state != State.DRAFT:
            raise NotNow(held.state)
        held.document = {**document, "code": held.code}
        held.save(update_fields=["document"])
    return held


def submit(*, campaign: Campaign, by: User, today: date) -> Campaign:
    """Freeze the plan and submit it to the data protection officer and to a second person.

    Args:
        today: in the city. The plan's days come after it.

    Raises:
        PermissionDenied: `by` is not the author.
        NotTwo: `by` may not be one of two.
        PlanRefused: with all reasons.
        NotNow
    """
    perms.require_author(by, campaign)
    ACTS["approve_consultation"].require_first(by)
    with _alone(campaign) as held:
        Plan.from_json(held.document, submitted_on=today)
        held.sha256 = sha256_of(held.document)
        _step(held, Step.SUBMIT, by, "sha256")
    return held


def give_opinion(*, campaign: Campaign, by: User, favourable: bool, words: str) -> Campaign:
    """Record the data protection officer's opinion on the submitted plan. It is public.

    Raises:
        PermissionDenied: `by` is not the officer, or wrote the plan.
        NotTwo: `by` named its author alone.
        ValueError: no words.
        NotNow
    """
    perms.require_officer(by)
    perms.require_other(by, campaign)
    with _alone(campaign) as held:
        _require_same(held, campaign)
        require_apart(held.created_by, by)
        _step(held, Step.OPINION, by, words=_said(words), favourable=favourable)
    return held


def send_back(*, campaign: Campaign, by: User, words: str) -> Campaign:
    """Give the plan back to its author, who may change it. The opinion on it no longer counts.

    Raises:
        NotTwo: `by` may not decide with the author.
        ValueError: no words.
        NotNow
    """
    with _alone(campaign) as held:
        _require_same(held, campaign)
        ACTS["approve_consultation"].require(held.created_by, by)
        held.sha256 = ""
        _step(held, Step.SEND_BACK, by, "sha256", words=_said(words))
    return held


def refuse(*, campaign: Campaign, by: User, words: str) -> Campaign:
    """Refuse the consultation, with reasons that are public. Raises as `send_back`."""
    with _alone(campaign) as held:
        _require_same(held, campaign)
        ACTS["approve_consultation"].require(held.created_by, by)
        _step(held, Step.REFUSE, by, words=_said(words))
    return held


def approve(*, campaign: Campaign, by: User, today: date, words: str = "") -> Campaign:
    """Approve the frozen plan, as the second of two persons. It opens on its own day.

    Whoever gave the officer's opinion does not approve (article 38(6) of the GDPR).

    Args:
        today: in the city. A plan whose first day is no longer to come goes back to its author.

    Raises:
        NotTwo: `by` may not decide with the author, nor after whoever gave the opinion.
        PermissionDenied: `by` gave the opinion.
        NoOpinion
        PlanRefused: with all reasons.
        ValueError: the opinion is unfavourable, and no reasons say why the city goes on.
        NotNow
    """
    with _alone(campaign) as held:
        _require_same(held, campaign)
        ACTS["approve_consultation"].require(held.created_by, by)
        opinion = opinion_on(held)
        if opinion is None:
            raise NoOpinion
        perms.require_no_opinion(by, opinion)
        if opinion.by is not None:
            require_apart(opinion.by, by)
        if not opinion.favourable:
            words = _said(words)
        Plan.from_json(held.document, submitted_on=today)
        held.approved_by = by
        _step(held, Step.APPROVE, by, "approved_by", words=words.strip())
    return held


def drop(*, campaign: Campaign, by: User, words: str = "") -> Campaign:
    """Give a consultation up before it opens. The register keeps it.

    Raises:
        PermissionDenied: `by` is not the author.
        NotNow
    """
    perms.require_author(by, campaign)
    with _alone(campaign) as held:
        _step(held, Step.DROP, by, words=words.strip())
    return held


def decline(*, campaign: Campaign, words: str) -> Campaign:
    """Give up an approved consultation whose invited group did not vote yes. The register keeps why.

    Raises:
        NotNow: it is not approved, or is given up already.
    """
    with _alone(campaign) as held:
        if held.state != State.APPROVED:
            raise NotNow(held.state)
        _step(held, Step.DROP, None, words=_said(words))
    return held


def open_due(today: date) -> list[Campaign]:
    """Open the approved consultations whose day has come. Idempotent; a task calls it.

    An installation that is not ready opens none. A consultation whose preparation is not done waits for the next tick.
    """
    if opening.refusals():
        return []
    opened = []
    for campaign in Campaign.objects.filter(state=State.APPROVED):
        if campaign.plan.opens <= today:
            with suppress(opening.NotPrepared):
                opened.append(open_campaign(campaign=campaign))
    return opened


def open_campaign(*, campaign: Campaign) -> Campaign:
    """Open an approved consultation, and prepare what it needs in the same transaction.

    Raises:
        NotReady
        NotPrepared
        NotNow: it is not approved, or open already.
    """
    if reasons := opening.refusals():
        raise NotReady(" ".join(reasons))
    with _alone(campaign) as held:
        next_state(held.state, Step.OPEN)
        opening.prepare(held)
        _step(held, Step.OPEN, None)
    return held


def close(*, campaign: Campaign) -> Campaign:
    """Close a consultation after its last publication. Raises NotNow."""
    with _alone(campaign) as held:
        _step(held, Step.CLOSE, None)
    return held


def note_destruction(*, campaign: Campaign) -> Campaign:
    """Record that the contributions and their keys were destroyed. Raises NotNow."""
    with _alone(campaign) as held:
        _step(held, Step.DESTROY, None)
    return held


def opinion_on(campaign: Campaign) -> CampaignEvent | None:
    """Return the officer's last opinion on the plan as it is frozen now."""
    given = campaign.events.filter(step=Step.OPINION, sha256=campaign.sha256).order_by("-number").first()
    since = campaign.events.filter(step=Step.SUBMIT).order_by("-number").first()
    return given if given and since and given.number > since.number else None


def _require_same(held: Campaign, read: Campaign) -> None:
    """Check that the frozen plan is the one that the second person read."""
    if held.sha256 != read.sha256:
        raise NotNow


@contextmanager
def _alone(campaign: Campaign) -> Iterator[Campaign]:
    with transaction.atomic():
        yield Campaign.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=campaign.pk)


def _said(words: str) -> str:
    if not words.strip():
        raise ValueError("say why")
    return words.strip()


def _step(
    held: Campaign, step: Step, by: User | None, *columns: str, words: str = "", favourable: bool | None = None
) -> None:
    before = held.sha256 or sha256_of(held.document)
    held.state = next_state(held.state, step)
    held.save(update_fields=["state", *columns])
    _note(held, step, by, sha256=before, words=words, favourable=favourable)


def _note(
    held: Campaign,
    step: Step,
    by: User | None,
    *,
    sha256: str = "",
    words: str = "",
    favourable: bool | None = None,
) -> None:
    event = CampaignEvent.objects.create(
        campaign=held,
        number=held.events.count() + 1,
        step=step,
        at=timezone.now(),
        by=by,
        sha256=sha256,
        words=words,
        favourable=favourable,
    )
    content = {"code": held.code, "title": held.title, **event.as_json()}
    register.write(kind=KIND, subject_id=held.pk, event=f"consultation_{step}", content=content)
