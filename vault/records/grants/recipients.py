"""Who may be given something: kinds of recipient, registered by the app that knows them in `AppConfig.ready()`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from core.keys import sealed
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant

#: The title and the reason that a resident wrote for one grant.
Written = tuple[str, str]


@dataclass(frozen=True)
class RecipientKind:
    """A kind of recipient; `label` names it within a sentence.

    `give` agrees once more with the recipient of a former grant, in the resident's own name. Its last argument is the fingerprint of the
    values that the page showed. It raises PermissionDenied when the recipient has left, and `actions.grants.Changed` when a value is not
    what was shown.

    `written` returns what a resident wrote for each of these grants, decrypted by their box.
    """

    code: str
    label: str | Promise
    give: Callable[[Grant, Agreement, Terms, str], Grant]
    written: Callable[[Sequence[Grant], sealed.Box], Mapping[UUID, Written]] = lambda grants, box: {}


_kinds: dict[str, RecipientKind] = {}


def register(kind: RecipientKind) -> None:
    _kinds[kind.code] = kind


def get(code: str) -> RecipientKind:
    """Return a registered kind.

    Raises:
        KeyError: no app registered it.
    """
    return _kinds[code]


def kinds() -> list[RecipientKind]:
    return list(_kinds.values())
