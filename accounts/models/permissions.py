"""Rights on one office or one publisher, as django-guardian's object permissions with direct foreign keys.

Each row is under the city's MAC and in its account's chain, and is checked as it is loaded. Of guardian, only the
shape of these rows is used: its look-ups read names of permissions without their rows, and give all of them to whoever
manages agents. The verbs of `accounts/actions/rights.py` alone give rights and take them away.
"""

import uuid
from typing import ClassVar

from django.db import models
from guardian.models import UserObjectPermissionBase

from accounts.models.people import Organisation
from accounts.models.publishers import Publisher
from core.models.rows import UNSIGNED, AuthenticatedRow, Decides, RowQuerySet, by_city


class ObjectPermission(AuthenticatedRow, UserObjectPermissionBase):
    """A right of one account on one object, while it lasts. Nobody's right is the row of an ended place.

    `right` decides. `permission` names the same for Django's admin; its own row in `auth_permission` has no MAC.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    right = models.CharField(max_length=20)

    # Without guardian's methods, which would give a right that no verb has checked.
    objects = RowQuerySet["ObjectPermission"].as_manager()  # type: ignore[assignment, misc]  # as above
    decides: ClassVar[Decides] = by_city(
        "user", "permission", "right", "content_object", former=[UNSIGNED], account="user"
    )

    class Meta:
        abstract = True


class OrganisationPermission(ObjectPermission):
    content_object = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="permissions")

    class Meta(ObjectPermission.Meta):
        constraints = [models.UniqueConstraint(fields=["user", "right", "content_object"], name="office_right_once")]


class PublisherPermission(ObjectPermission):
    content_object = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="permissions")

    class Meta(ObjectPermission.Meta):
        constraints = [models.UniqueConstraint(fields=["user", "content_object"], name="publisher_right_once")]
