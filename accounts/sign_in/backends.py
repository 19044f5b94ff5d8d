from uuid import UUID

from allauth.account import auth_backends
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from accounts.models import User
from core import rows


class AuthenticationBackend(auth_backends.AuthenticationBackend):
    """Checks passwords as allauth does. Rights depend on the role, not on rows: agents have the settings' list."""

    def get_user(self, user_id: UUID) -> User | None:
        """Return the account of a session, loaded with its head in one query. None if a row of it was put back."""
        try:
            user = User.objects.annotate(head=rows.accounts.state(user_id)).filter(pk=user_id).first()
            if user is not None:
                rows.accounts.check(user_id, user.head)
        except rows.Forged as forged:
            rows.report(forged)
            return None
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        return (
            isinstance(user_obj, User)
            and user_obj.is_active
            and user_obj.is_staff
            and perm in settings.AGENT_PERMISSIONS
        )

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        return any(
            self.has_perm(user_obj, perm) for perm in settings.AGENT_PERMISSIONS if perm.startswith(f"{app_label}.")
        )
