import uuid
from typing import TypeVar

from django.db import models
from django_scopes import get_scope
from django_scopes.exceptions import ScopeError

from core.models.rows import RowQuerySet

M = TypeVar("M", bound=models.Model, covariant=True)


class ResidentManager(models.Manager[M]):
    """Manager of the rows of the resident in scope. Raises ScopeError outside a scope."""

    _queryset_class = RowQuerySet

    def get_queryset(self) -> models.QuerySet[M]:
        scope = get_scope()
        if not scope.get("_enabled", True):
            return super().get_queryset()
        if "resident" not in scope:
            raise ScopeError(f"{self.model.__name__} was queried outside a resident's scope")
        return super().get_queryset().filter(resident_id=scope["resident"])


class ResidentModel(models.Model):
    """A row of one resident. `core` has no foreign key to `accounts`, so the journal can outlive the account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident_id = models.UUIDField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
