from django.db.models import Q
from django.utils import timezone
from django_scopes import scopes_disabled

from vault.records.enums import Happened
from vault.records.models import Grant
from vault.records.models.grant import ENDING, UNUSED


def ending() -> list[Grant]:
    """Return the grants that end soon and whose resident was not reminded of it."""
    with scopes_disabled():
        standing = (
            Grant.objects.standing()
            .filter(ends_at__lte=timezone.now() + ENDING)
            .exclude(events__happened=Happened.ENDING)
        )
        return [grant for grant in standing if grant.ends_soon]


def unused() -> list[Grant]:
    """Return the grants that were not read for `UNUSED` and whose resident was not reminded of it."""
    before = timezone.now() - UNUSED
    since = Q(last_used_at__lte=before) | Q(last_used_at=None, starts_at__lte=before)
    with scopes_disabled():
        active = Grant.objects.active().filter(since).exclude(events__happened=Happened.UNUSED)
        return [grant for grant in active if grant.unused]
