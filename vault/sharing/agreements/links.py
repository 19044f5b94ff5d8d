"""Links: their possible content, their agreement, their tokens and codes.

The database stores only hashes of a URL's token and of a code. A dump of it opens no link: the token has 256 random
bits, and the code is hashed under the portal's secret.
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
from vault.records.models import Grant
from vault.records.values.decrypted import PaperOpened, Values, walk
from vault.sharing.across import links
from vault.sharing.models import Link
from vault.sharing.models.link import LINK_KIND

SHOW = gettext_noop("Montrer à quelqu’un, par un lien")
#: The plaintext label of every link's recipient; the name typed by the resident is sealed.
SOMEBODY = gettext_noop("Une personne, par un lien")
#: Lengths in days; the first is preselected.
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
            "%(name)s ouvre une adresse, avec un code que vous lui dites autrement. Cette personne n’a pas besoin de "
            "compte."
        ),
        _(
            "Elle voit les valeurs et les papiers listés ici, tels qu’ils sont le jour où elle regarde. Elle peut les "
            "télécharger."
        ),
        _(
            "Chaque visite et chaque téléchargement sont écrits dans votre journal. Ni son adresse internet ni son "
            "appareil ne sont gardés."
        ),
        _(
            "Vous arrêtez quand vous voulez : le lien n’ouvre alors plus rien. Ce qui a déjà été vu ou téléchargé ne "
            "peut pas être effacé."
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
    """The possible content of a link now: the resident's own values, field by field, papers and documents."""

    values: Values
    papers: Sequence[PaperOpened]
    documents: Sequence[Document] = ()

    @property
    def fields(self) -> dict[str, list[str]]:
        """The fields with a value, by type and in the type's order. Those that no page shows, such as FranceConnect's
        identifier, are not offered.
        """
        found: dict[str, list[str]] = {}
        for record in reversed(self.values):
            found.setdefault(record.type, [])
        for code in found:
            hidden = {f"{code}#/{name}" for name in types.get(code).rules.hidden}
            found[code] = [field for field in types.fields_of(code) if field not in hidden and self._has_value(field)]
        return {code: fields for code, fields in found.items() if fields}

    def agreement(self, fields: Sequence[str], papers: Sequence[UUID], made: Sequence[UUID] = ()) -> Agreement:
        """Return the agreement with one item per field, paper and document. Those not held are left out."""
        known = [field for of_type in self.fields.values() for field in of_type if field in fields]
        items = [Item(field, types.field(field).label, (field,)) for field in known]
        items += [
            Item(f"{PAPER}{paper.paper_id}", paper.title, ()) for paper in self.papers if paper.paper_id in papers
        ]
        items += [Item(f"{DOCUMENT}{one.id}", one.title, ()) for one in self.documents if one.id in made]
        return replace(AGREEMENT, items=tuple(items))

    def _has_value(self, field_id: str) -> bool:
        type_code, _sharp, pointer = field_id.partition("#/")
        values = (walk(record.payload, pointer.split("/")) for record in self.values.of_type(type_code))
        return any(value not in (None, "", [], {}) for value in values)


def fields_of(grant: Grant) -> list[str]:
    """Return the fields of a link in the order in which they were chosen. Requires the resident's scope."""
    return [row.field for row in sorted(grant.fields.all(), key=lambda row: (row.created_at, row.pk))]


def fingerprint(values: Values, papers: Sequence[PaperOpened], made: Sequence[Document] = ()) -> str:
    """Return a hash of the ids of the records, files and documents, which changes when one of them does."""
    files = [f"{paper.paper_id}:{file.side_id}" for paper in papers for file in paper.files]
    files += [f"{DOCUMENT}{one.id}" for one in made]
    return hashlib.sha256(
        "|".join(sorted([*(str(record.record_id) for record in values), *files])).encode()
    ).hexdigest()


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """Return a code of eight digits: letters are easily misheard on the telephone.

    Five tries guess it once in twenty million.
    """
    return f"{secrets.randbelow(10**CODE_FIGURES):0{CODE_FIGURES}}"


def hash_token(token: str) -> str:
    """Hash a token. Its random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(link_id: UUID, code: str) -> str:
    return salted_hmac(f"vault.link.code|{link_id}", read_code(code), algorithm="sha256").hexdigest()


def read_code(typed: str) -> str:
    """Return the digits of a typed code, without spaces, dashes or dots."""
    return "".join(digit for digit in typed if digit in "0123456789")


def is_code(link: Link, typed: str) -> bool:
    return hmac.compare_digest(hash_code(link.pk, typed), link.code_hash)


def find(token: str) -> Link | None:
    """Return the link with this URL, even if it opens nothing now (`Link.opens`)."""
    return links.find(hash_token(token))
