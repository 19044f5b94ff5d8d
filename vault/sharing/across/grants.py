from django.db.models import Q
from django.utils import timezone
from django_scopes import scopes_disabled

from vault.records.enums import Happened
from vault.records.models import Grant, GrantEvent
from vault.records.models.grant import ENDING, RETURNED, UNUSED
from vault.sharing.models.desk import DESK_KIND


def ending() -> list[Grant]:
    """Return the grants that end soon and whose resident was not reminded of it."""
    with scopes_disabled():
        standing = (
            Grant.objects.standing()
            .filter(ends_at__lte=timezone.now() + ENDING)
            .exclude(events__happened=Happened.ENDING)
        )
        return [grant for grant in standing if grant.ends_soon]


def returned() -> list[Grant]:
    """Return the grants lately given back by a recipient who was not in front of the resident, who was not told."""
    with scopes_disabled():
        lately = GrantEvent.objects.filter(happened=Happened.RETURNED, at__gt=timezone.now() - RETURNED)
        found = Grant.objects.filter(pk__in=lately.values("grant")).exclude(events__happened=Happened.TOLD)
        return list(found.exclude(recipient_kind=DESK_KIND))


def unused() -> list[Grant]:
    """Return the grants that were not read for `UNUSED` and whose resident was not reminded of it."""
    before = timezone.now() - UNUSED
    since = Q(last_used_at__lte=before) | Q(last_used_at=None, starts_at__lte=before)
    with scopes_disabled():
        active = Grant.objects.active().filter(since).exclude(events__happened=Happened.UNUSED)
        return [grant for grant in active if grant.unused]
