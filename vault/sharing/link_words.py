"""The title and the reason that a resident writes for a link, sealed.

They are no values of the vault: reading them writes no journal entry.
"""

from collections.abc import Sequence
from uuid import UUID

from django_scopes import scope

from core.keys import KeyMissing, sealed
from vault.records.grants.recipient_names import Names, recipient_name
from vault.records.models import Grant
from vault.sharing.models import Link


def seal_words(link: Link, *, title: str, why: str) -> bytes:
    return sealed.seal_json({"title": title, "why": why}, resident_id=link.resident_id, place=link.place)


def names(link: Link) -> Names:
    """Return the names of a link's grant, as `names_of` does for several. Cost: one query."""
    grant = link.grant
    try:
        box = sealed.box(resident_id=link.resident_id) if grant.recipient_name else None
    except KeyMissing:
        box = None
    if box is None:
        return Names(grant.recipient_label)
    words = box.unseal_json(link.content, place=link.place)
    return Names(recipient_name(grant, box), words["title"], words["why"])


def written(grants: Sequence[Grant], box: sealed.Box) -> dict[UUID, tuple[str, str]]:
    """Return the title and the reason of each grant's link; all must belong to one resident. One query."""
    with scope(resident=grants[0].resident_id):
        links = list(Link.objects.filter(grant__in=grants))
    words = {link.grant_id: box.unseal_json(link.content, place=link.place) for link in links}
    return {grant_id: (found["title"], found["why"]) for grant_id, found in words.items()}
