"""The invited group of a campaign: the author makes codes once, and residents join with one by themselves."""

import hmac
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from campaigns.contributions.models import Invitation, Membership
from campaigns.plans import perms
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from core import journal
from core.models.rows import check
from core.rows import city_key
from core.symbols import new_code, read_code
from vault.records.perms import require_may_write

JOIN = gettext_noop("Rejoindre le groupe invité d’une consultation")
#: States in which a code may be typed. Until the approval nobody can have joined: the list may be made again.
JOINABLE = (State.APPROVED, State.OPEN)


class NotNow(Exception):
    """The campaign has no group, is a draft or over, or its codes were made before the approval."""


class WrongCode(Exception):
    """No invitation of this campaign has the code, or another account joined with it."""


def invite(*, campaign: Campaign, by: User) -> list[str]:
    """Make the codes of an invited group, and return them: this is their only list.

    Raises:
        PermissionDenied: `by` is not the author.
        NotNow
    """
    perms.require_author(by, campaign)
    with transaction.atomic():
        held = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        group = held.plan.group if held.sha256 else None
        made = Invitation.objects.filter(campaign_id=held.pk)
        if group is None or not (
            held.state == State.SUBMITTED or (held.state == State.APPROVED and not made.exists())
        ):
            raise NotNow
        made.delete()
        codes = [new_code() for _number in range(group.invited)]
        Invitation.objects.bulk_create([Invitation(campaign_id=held.pk, key=_key(held.pk, code)) for code in codes])
    return codes


def join(*, resident_id: UUID, by: UUID, campaign: Campaign, code: str) -> Membership:
    """Join the group with a code. Idempotent. The city does not learn which codes were typed.

    Raises:
        PermissionDenied: not their vault.
        NotNow
        WrongCode
    """
    require_may_write(resident_id, by)
    if campaign.state not in JOINABLE or campaign.plan.group is None:
        raise NotNow
    key = _key(campaign.pk, read_code(code))
    if not Invitation.objects.filter(campaign_id=campaign.pk, key=key).exists():
        raise WrongCode
    with scope(resident=resident_id):
        try:
            with transaction.atomic():
                if found := of(campaign):
                    return found
                made = Membership(resident_id=resident_id, campaign_id=campaign.pk, key=key)
                made.save(force_insert=True)
                journal.write(resident_id=resident_id, actor_id=by, event="group_joined", purpose=JOIN)
        except IntegrityError:
            raise WrongCode from None
    return made


def of(campaign: Campaign) -> Membership | None:
    """Return the membership of the resident in scope, or None."""
    found = Membership.objects.filter(campaign_id=campaign.pk).first()
    if found is not None:
        check(found)
    return found


def _key(campaign_id: UUID, code: str) -> bytes:
    return hmac.digest(city_key(), f"invitation|{campaign_id}|{code}".encode(), "sha256")
