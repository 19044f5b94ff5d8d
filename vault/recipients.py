"""Who may be given something: kinds of recipient, registered by the app that knows them in `AppConfig.ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from vault.agreements import Agreement
from vault.models import Grant

if TYPE_CHECKING:
    from vault.actions.grants import Terms


@dataclass(frozen=True)
class RecipientKind:
    """`label` says it in a sentence. `give` agrees once more with the recipient of a former grant, in the resident's own name.

    Its last argument is the fingerprint of the values that the page showed. It raises PermissionDenied when the recipient is not there
    any more, and `actions.grants.Changed` when a value is not what was shown.
    """

    code: str
    label: str | Promise
    give: Callable[[Grant, Agreement, "Terms", str], Grant]


_kinds: dict[str, RecipientKind] = {}


def register(kind: RecipientKind) -> None:
    _kinds[kind.code] = kind


def get(code: str) -> RecipientKind:
    """
    Raises:
        KeyError: no app registered it.
    """
    return _kinds[code]
