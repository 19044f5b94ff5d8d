"""Release the windows that are due. Only the role `release` may; nothing here is written to a log but outcomes.

The order of one release, whose steps are tested by killing the process between them:

1. In one transaction, delete the contributions that are due and open them in memory. A resident who withdraws one of
   them waits for the end of the transaction, and finds that it was counted.
2. Charge each table's budget, committed on another connection, before its noise is drawn.
3. Draw the noise, sign the document, insert the publication, commit.

Killed before the commit: the contributions are back, the charges stay, and the next attempt is charged anew. When
the window's budget has no room for another attempt, it is stopped: its contributions are deleted, and nothing is
published.
"""

import logging
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from campaigns.contributions import agreements, budget, freezing, ledger, sealing, stamping
from campaigns.contributions.actions import keys
from campaigns.contributions.enums import RunState
from campaigns.contributions.models import Arrival, CampaignKey, Contribution, ReleaseRun
from campaigns.noise.plan import Window
from campaigns.noise.publication import POSTPONED, PUBLISHED
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from core.database import locks
from core.journal import signed_notes
from core.keyrings import KeyringError

logger = logging.getLogger(__name__)
#: Contributions looked at by one statement.
PAGE = 5_000
# In the order of pseudonyms, which is no order at all. Deleted rows stay locked until the end of the transaction.
# The end of a page comes first: a page by its number of rows alone would read the whole table again for each.
END_OF_PAGE = """
SELECT pseudonym FROM campaigns.contribution
WHERE campaign_id = %s AND pseudonym > %s ORDER BY pseudonym OFFSET %s LIMIT 1
"""
TAKE = """
DELETE FROM campaigns.contribution
WHERE campaign_id = %s AND pseudonym > %s AND pseudonym <= %s AND counts_from < %s
RETURNING pseudonym, batch_id, counts_from, again, payload, stamp
"""
#: After every pseudonym, which has 32 bytes.
LAST = b"\xff" * 33


def prepare(today: date) -> None:
    """Make the keys of approved and open campaigns, and the runs that are due. Idempotent.

    Raises:
        KeysDown: the key service does not answer.
    """
    for campaign in Campaign.objects.filter(state__in=[State.APPROVED, State.OPEN]):
        if not agreements.is_over(campaign.plan, today):
            keys.make(campaign_id=campaign.pk)
    for campaign in Campaign.objects.filter(state__in=[State.OPEN, State.CLOSED]):
        due = [window for window in campaign.plan.windows if window.release <= today]
        ReleaseRun.objects.bulk_create(
            [ReleaseRun(campaign_id=campaign.pk, window=window.code, due=window.release) for window in due],
            ignore_conflicts=True,
        )


def run_due() -> int:
    """Release each window that waits, oldest first. Return how many were published.

    A run whose keys do not answer waits for the next tick; the others go on. So does one whose contributions somebody
    else deleted or put back: it is refused at each tick, until the retention ends.
    """
    published = 0
    for run in ReleaseRun.objects.filter(state=RunState.WAITING).order_by("due", "window"):
        try:
            published += release(run_id=run.pk) == RunState.PUBLISHED
        except (KeyringError, signed_notes.KeyUnusable, sealing.NoKeys) as error:
            logger.error("a release waits for its keys", extra={"code": type(error).__name__})
        except stamping.Altered:
            logger.error("a release is refused: its contributions are not those that residents gave")
    return published


def release(*, run_id: UUID) -> RunState:
    """Release one window. Idempotent: a published or stopped one stays so.

    Raises:
        KeyringError, KeyUnusable, NoKeys: nothing was charged.
        Altered: somebody else deleted contributions, or put some back.
    """
    with transaction.atomic(durable=True):
        run = ReleaseRun.objects.get(pk=run_id)
        alone = locks.try_hold("release", run.campaign_id)
        run.refresh_from_db()
        if not alone or run.state != RunState.WAITING:
            return RunState(run.state)
        before = transaction.savepoint()
        try:
            run.state = _publish(run, before)
        except ledger.BudgetOfWindowSpent:
            transaction.savepoint_rollback(before)
            run.state = _stop(run)
        run.save(update_fields=["state"])
    return RunState(run.state)


def finish(today: date) -> int:
    """Destroy what is left of each campaign whose windows are all released, or whose retention has ended.

    Return how many campaigns that was.
    """
    done = 0
    for campaign in Campaign.objects.exclude(sha256="").filter(pk__in=CampaignKey.objects.values("campaign_id")):
        windows = {window.code for window in campaign.plan.windows}
        over = ReleaseRun.objects.filter(campaign_id=campaign.pk).exclude(state=RunState.WAITING)
        dropped = campaign.state in {State.DROPPED, State.REFUSED}
        if agreements.is_over(campaign.plan, today):
            done += _give_up(campaign)
        elif dropped or windows <= set(over.values_list("window", flat=True)):
            done += keys.destroy(campaign_id=campaign.pk)
    return done


def _give_up(campaign: Campaign) -> bool:
    """Stop each window that was not released when the retention ended, and destroy. Return False if there is nothing.

    A release that is drawing now goes on: the next tick gives up what it leaves.
    """
    with transaction.atomic():
        if not locks.try_hold("release", campaign.pk):
            return False
        windows = [
            ReleaseRun(campaign_id=campaign.pk, window=one.code, due=one.release) for one in campaign.plan.windows
        ]
        ReleaseRun.objects.bulk_create(windows, ignore_conflicts=True)
        waiting = ReleaseRun.objects.filter(campaign_id=campaign.pk, state=RunState.WAITING)
        if waiting.update(state=RunState.STOPPED):
            logger.error("a consultation's retention ended before its last release", extra={"code": campaign.code})
        return keys.destroy(campaign_id=campaign.pk)


def _publish(run: ReleaseRun, before: str) -> RunState:
    """Freeze what the release says, and return the run's state.

    With too few contributions, the document says so, and they go back to where they were at the savepoint `before`.
    """
    from campaigns.noise import mechanism  # numpy and OpenDP: for the worker of releases only

    campaign = Campaign.objects.get(pk=run.campaign_id)
    plan = campaign.plan
    window = plan.window(run.window)
    signed_notes.check_key()
    locks.hold("stamps", campaign.pk)
    present = stamping.look(campaign)
    if not stamping.is_whole(campaign, present):
        raise stamping.Altered
    there, withdrawn = present.count, present.withdrawn
    del present  # the stamps of all contributions
    taken: list[int] = []
    rows = _opened(sealing.Opener.of(campaign.pk), campaign, window, withdrawn, taken)
    previous = freezing.previous_of(campaign.pk)
    with ledger.opened(campaign_id=campaign.pk, window=window.code, limit=budget.window_limit(plan)) as book:
        drawn = mechanism.release(
            plan, window, rows, charge=book.charge, on=timezone.localdate(), previous_sha256=previous
        )
    if not stamping.leave(campaign, there, sum(taken)):
        raise stamping.Altered
    if drawn.outcome == POSTPONED:
        transaction.savepoint_rollback(before)
    freezing.frozen(campaign_id=campaign.pk, window=window.code, drawn=drawn, previous=previous).save(
        force_insert=True
    )
    return RunState.PUBLISHED if drawn.outcome == PUBLISHED else RunState.SKIPPED


def _opened(
    opener: sealing.Opener, campaign: Campaign, window: Window, withdrawn: frozenset[bytes], taken: list[int]
) -> Iterator[bytes]:
    """Delete the contributions that the window counts, and yield the packed rows of those that residents gave.

    Args:
        taken: gets their number in the end.

    Raises:
        Altered: one cannot be read, since its batch is gone.
    """
    plan, stamp = campaign.plan, stamping.stamper(campaign.pk, campaign.plan.sha256)
    given = others = 0
    for row in _taken(campaign.pk, window.release):
        if row.stamp in withdrawn or not stamping.is_genuine(row, stamp):
            others += 1
            continue
        given += 1
        try:
            yield opener.open(row.batch_id, row.payload, pseudonym=row.pseudonym, plan_sha256=plan.sha256)
        except sealing.Unreadable:
            raise stamping.Altered from None
    taken.append(given)
    if others:
        logger.error("a release left out contributions that no resident gave")


def _taken(campaign_id: UUID, before: date) -> Iterator[stamping.Row]:
    start, end = b"", b""
    while end != LAST:
        with connection.cursor() as cursor:
            cursor.execute(END_OF_PAGE, [campaign_id, start, PAGE - 1])
            found = cursor.fetchone()
            end = bytes(found[0]) if found else LAST
            cursor.execute(TAKE, [campaign_id, start, end, before])
            page = [stamping.Row.of(*one) for one in cursor.fetchall()]
        yield from page
        start = end


def _stop(run: ReleaseRun) -> RunState:
    """Give a window up: those whom it would have counted have paid for it, so no other window may count them."""
    campaign = Campaign.objects.get(pk=run.campaign_id)
    locks.hold("stamps", campaign.pk)
    whole = stamping.is_whole(campaign, stamping.look(campaign))
    for model in (Contribution, Arrival):
        model.objects.filter(campaign_id=campaign.pk, counts_from__lt=run.due).delete()
    if whole:
        stamping.freeze(campaign, stamping.look(campaign))
    logger.error("a release was stopped: its window has no budget left", extra={"code": run.window})
    return RunState.STOPPED
