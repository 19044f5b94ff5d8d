"""Kinds of recipient that a grant may name, each registered by its app in `AppConfig.ready()`."""

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

    `give` gives a new grant to the recipient of a former one, in the resident's own name. Its last argument is the
    fingerprint of the values on the page. It raises PermissionDenied if the recipient has left, and
    `actions.grants.Changed` if a value differs from the page.

    `written` decrypts the title and reason that a resident wrote for each of these grants, with the resident's box.
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
