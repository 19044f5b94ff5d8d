"""What follows in the vaults once the city withdrew a label: the residents' agreements end, for good.

The withdrawal itself already stops each reading. Ending a grant asks its service to erase what it read, tells the
service's programs, and writes in the resident's journal.
"""

from datetime import datetime
from uuid import UUID

from certification.labels import across
from certification.labels.models import Label
from core import rows
from vault.records.actions import grants
from vault.records.models import Grant


def end_grants() -> int:
    """End the grants that began before the city withdrew their service's label. Return how many. For the scheduler.

    A grant that a resident gives later, under another label, stays.
    """
    last: dict[UUID, datetime] = {}
    for label in rows.believed(Label.objects.filter(withdrawn_at__isnull=False).defer("snapshot")):
        if label.withdrawn_at is not None:
            last[label.service_id] = max(label.withdrawn_at, last.get(label.service_id, label.withdrawn_at))
    return rows.each(_end, across.given_before(last)) if last else 0


def _end(grant: Grant) -> int:
    grants.revoke(grant=grant)
    return 1
