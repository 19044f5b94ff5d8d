"""Queries across residents: the authors who are to be told what became of their posts. No page has them."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django_scopes import scopes_disabled

from campaigns.debates.models import Authorship


def authors_to_notify(since: datetime) -> list[tuple[UUID, UUID]]:
    """Return the id and the author of each moderation, or decision on an appeal, of which they were not told."""
    about = "post__moderation"
    aside = Q(**{f"{about}__at__gt": since, f"{about}__notified_at": None})
    decided = Q(**{f"{about}__decided_at__gt": since, f"{about}__answer_notified_at": None})
    with scopes_disabled():
        return list(Authorship.objects.filter(aside | decided).values_list(f"{about}__pk", "resident_id"))
