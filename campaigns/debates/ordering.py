"""A neutral order: drawn once for each consultation, the same for everybody, and repeatable."""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from campaigns.debates.models import Post


def drawn(campaign_id: UUID, posts: Iterable[Post]) -> list[Post]:
    """Return the posts by a hash of their ids: neither the date nor a score places one before another."""
    return sorted(posts, key=lambda post: sha256(campaign_id.bytes + post.pk.bytes).digest())
