"""Who may write and publish official forms, as pure functions."""

from django.core.exceptions import PermissionDenied

from accounts.models import User
from services.official_forms.models import OfficialForm


def require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


def require_author(form: OfficialForm, person: User) -> None:
    require_agent(person)
    if form.written_by_id != person.pk:
        raise PermissionDenied
