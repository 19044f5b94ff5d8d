"""Kinds of recipient that a grant may name, each registered by its app in `AppConfig.ready()`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.utils.functional import Promise

from core.keys import sealed
from vault.records.enums import RefusalCode
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantEvent

#: The title and the reason that a resident wrote for one grant.
Written = tuple[str, str]


class Erasing(StrEnum):
    """The way in which a recipient is asked to erase what it received."""

    NEVER = ""  # a member of the household: the law leaves to persons what they know of each other (GDPR, 2(2)(c))
    PROGRAM = "program"
    PAGE = "page"
    LETTER = "letter"


@dataclass(frozen=True)
class Contact:
    """Whom a letter about a grant is for: its address by lines, and the data protection officer."""

    lines: tuple[str, ...]
    officer: str = ""


@dataclass(frozen=True)
class Halt:
    """Why a recipient may read nothing at present, for the resident; `href` is the page that says more."""

    tag: str
    text: str
    href: str


@dataclass(frozen=True)
class RecipientKind:
    """A kind of recipient; `label` names it within a sentence.

    `give` gives a new grant to the recipient of a former one, in the resident's own name. Its last argument is the
    fingerprint of the values on the page. It raises PermissionDenied if the recipient has left, and
    `actions.grants.Changed` if a value differs from the page.

    `written` decrypts the title and reason that a resident wrote for each of these grants, with the resident's box.

    `refusal` returns why this recipient may not read now, whatever the grant says. The gate calls it in the statement
    after it took the locks, with the grant just loaded. `lock_key` returns the key of a lock that each reading shares;
    who changes what `refusal` looks at takes it exclusively. `halts` says the same of several grants, to the
    resident; `revoked` says why the city ended one.

    `erasing` is how it is asked to erase what it received, `contact` whom a letter is for. Without `may_have_closed`,
    it never reads what the law or a holder's terms keep here (vault/records/gate/passing_on.py).

    Without `counted`, no metric says how often it reads or is refused: that would tell how many residents chose it.
    """

    code: str
    label: str | Promise
    give: Callable[[Grant, Agreement, Terms, str], Grant]
    written: Callable[[Sequence[Grant], sealed.Box], Mapping[UUID, Written]] = lambda grants, box: {}
    refusal: Callable[[Grant], RefusalCode | None] = lambda grant: None
    lock_key: Callable[[Grant], int | None] = lambda grant: None
    halts: Callable[[Sequence[Grant]], Mapping[UUID, Halt]] = lambda grants: {}
    revoked: Callable[[Grant], Halt | None] = lambda grant: None
    erasing: Erasing = Erasing.NEVER
    contact: Callable[[Grant], Contact] = lambda grant: Contact((grant.recipient_label,))
    may_have_closed: bool = True
    counted: bool = True


_kinds: dict[str, RecipientKind] = {}
_listeners: dict[str, list[Callable[[GrantEvent], None]]] = {}


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


def halts(grants: Iterable[Grant]) -> dict[UUID, Halt]:
    """Return those of these grants that stand and under which nothing is read at present, each with the reason.

    Cost: some queries for each kind of recipient that may be halted.
    """
    by_kind: dict[str, list[Grant]] = {}
    for grant in grants:
        if grant.stands and grant.recipient_kind in _kinds:
            by_kind.setdefault(grant.recipient_kind, []).append(grant)
    return {pk: halt for code, found in by_kind.items() for pk, halt in _kinds[code].halts(found).items()}


def listen(kind: str, listener: Callable[[GrantEvent], None]) -> None:
    """Call a function of each event of the grants to a kind of recipient, in its transaction and resident's scope.

    It writes what follows, or what its recipients will be told, and calls nobody: it holds the grant's lock. A grant
    that another one replaces has an event of its own, just before that of the new one.
    """
    if listener not in (listeners := _listeners.setdefault(kind, [])):
        listeners.append(listener)


def tell(event: GrantEvent) -> None:
    for listener in _listeners.get(event.grant.recipient_kind, ()):
        listener(event)
