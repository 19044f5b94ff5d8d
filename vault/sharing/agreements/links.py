"""Links: what may be put in one, the words that are agreed to, and the one place where an address is looked for across vaults.

Nothing of an address or a code can be read again in the database. A dump of it opens no link: the address has 256 random bits, and the
code is hashed under the portal's secret.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from vault import types
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item
from vault.records.grants.documents import Document
from vault.records.values.decrypted import PaperOpened, Values, walk
from vault.sharing.across import links
from vault.sharing.models import Link
from vault.sharing.models.link import LINK_KIND

SHOW = gettext_noop("Montrer à quelqu’un, par un lien")
#: What the row says in clear of whom it is for.
SOMEBODY = gettext_noop("Une personne, par un lien")
#: For how many days; the first is proposed.
DAYS = (7, 1, 14, 30)
PAPER, DOCUMENT = "paper:", "document:"
TOKEN_BYTES = 32
CODE_FIGURES = 8

AGREEMENT: Final = Agreement(
    code="link",
    version="1",
    title=_("Montrer par un lien"),
    purpose=SHOW,
    words=(
        _(
            "%(name)s ouvre une adresse, avec un code que vous lui dites autrement. Cette personne n’a pas besoin de compte."
        ),
        _(
            "Elle voit les valeurs et les papiers listés ici, tels qu’ils sont le jour où elle regarde. Elle peut les télécharger."
        ),
        _(
            "Chaque visite et chaque téléchargement sont écrits dans votre journal. Ni son adresse internet ni son appareil ne sont gardés."
        ),
        _(
            "Vous arrêtez quand vous voulez : le lien n’ouvre alors plus rien. Ce qui a déjà été vu ou téléchargé ne peut pas être effacé."
        ),
    ),
    items=(),
    modes=(Mode.LOOK,),
    uses={Mode.LOOK: _("Regardé par un lien et un code, téléchargeable")},
    enough=_("Sept jours suffisent le plus souvent."),
    months=(),
    short=tuple(timedelta(days=count) for count in DAYS),
    renewable=False,
    recipient_kind=LINK_KIND,
    free=True,
)


@dataclass(frozen=True)
class Held:
    """What the resident may put in a link today: their own values, field by field, their papers, and the documents made with them."""

    values: Values
    papers: Sequence[PaperOpened]
    documents: Sequence[Document] = ()

    @property
    def fields(self) -> dict[str, list[str]]:
        """By type, the fields that say something, in the order of the type."""
        found: dict[str, list[str]] = {}
        for record in reversed(self.values):
            found.setdefault(record.type, [])
        for code in found:
            found[code] = [field for field in types.fields_of(code) if self._says(field)]
        return {code: fields for code, fields in found.items() if fields}

    def agreement(self, fields: Sequence[str], papers: Sequence[UUID], made: Sequence[UUID] = ()) -> Agreement:
        """The words, with these lines: one for each field, each paper, each document. What is not theirs is left out."""
        known = [field for of_type in self.fields.values() for field in of_type if field in fields]
        lines = [Item(field, types.field(field).label, (field,)) for field in known]
        lines += [
            Item(f"{PAPER}{paper.paper_id}", paper.title, ()) for paper in self.papers if paper.paper_id in papers
        ]
        lines += [Item(f"{DOCUMENT}{one.id}", one.title, ()) for one in self.documents if one.id in made]
        return replace(AGREEMENT, items=tuple(lines))

    def _says(self, field_id: str) -> bool:
        type_code, _sharp, pointer = field_id.partition("#/")
        told = (walk(record.payload, pointer.split("/")) for record in self.values.of_type(type_code))
        return any(value not in (None, "", [], {}) for value in told)


def fingerprint(values: Values, papers: Sequence[PaperOpened], made: Sequence[Document] = ()) -> str:
    """Which records and files these are: another one is not what was shown."""
    files = [f"{paper.paper_id}:{side.side_id}" for paper in papers for side in paper.files]
    files += [f"{DOCUMENT}{one.id}" for one in made]
    return hashlib.sha256(
        "|".join(sorted([*(str(record.record_id) for record in values), *files])).encode()
    ).hexdigest()


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """Eight figures, to say on the telephone: letters are heard wrongly. Five tries leave one chance in twenty million."""
    return f"{secrets.randbelow(10**CODE_FIGURES):0{CODE_FIGURES}}"


def hash_token(token: str) -> str:
    """Its random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(link_id: UUID, code: str) -> str:
    return salted_hmac(f"vault.link.code|{link_id}", read_code(code), algorithm="sha256").hexdigest()


def read_code(typed: str) -> str:
    """As people type it: spaces, dashes, dots."""
    return "".join(letter for letter in typed if letter in "0123456789")


def is_code(link: Link, typed: str) -> bool:
    return hmac.compare_digest(hash_code(link.pk, typed), link.code_hash)


def find(token: str) -> Link | None:
    """Return the link with this URL, even if it opens nothing now (`Link.opens`)."""
    return links.find(hash_token(token))
