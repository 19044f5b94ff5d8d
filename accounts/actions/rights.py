"""Rights on one office or one publisher: the verbs that give them and take them away.

The verbs of places call these, after their own checks. To decide in an office also takes a nomination by two persons.
"""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from accounts.models import OfficeRight, Organisation, Publisher, PublisherRole, User


def give(*, person: User, right: OfficeRight | PublisherRole, on: Organisation | Publisher) -> None:
    """Give a right that the person does not have."""
    kind = ContentType.objects.get_for_model(on)
    permission = Permission.objects.select_related("content_type").get(content_type=kind, codename=right)
    on.permissions.create(user=person, permission=permission, right=right)


def take_away(*, person: User, on: Organisation | Publisher) -> None:
    """Take away all rights of the person on an object. Idempotent."""
    on.permissions.filter(user=person).delete()
