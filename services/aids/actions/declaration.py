"""Read what the quarterly declaration should say. Nothing of it is kept: what the CAF filled in is typed or
photographed, and shown.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from services.aids import prefilled
from services.aids.prefilled import reading
from vault.readers import Unreadable, sandbox
from vault.readers.sentences import UNREADABLE
from vault.records import gate
from vault.records.enums import Role
from vault.records.values import persons
from vault.records.values.decrypted import Values

CHECK: Final = gettext_noop("Vérifier votre déclaration préremplie")


@dataclass(frozen=True, slots=True)
class Declaration:
    """The incomes of the months that the declaration of `month` reads. `adults` are the resident, then a partner whom
    the vault names, with their names.
    """

    values: Values
    month: str
    adults: Sequence[tuple[UUID, str]]

    @property
    def name(self) -> str:
        return self.adults[0][1]

    @property
    def months(self) -> list[str]:
        return prefilled.months_of(self.month)


def read(*, resident_id: UUID, today: date | None = None) -> Declaration:
    """Return the incomes. Write one journal entry."""
    fields = [*prefilled.FIELDS, *persons.FIELDS]
    values = gate.read_own(resident_id=resident_id, purpose=CHECK, fields=fields)
    people = persons.persons(values, resident_id=resident_id)
    name = next((person.full_name for person in people if person.role == Role.SELF), "")
    partner = [(person.id, person.called) for person in people if person.role == Role.SPOUSE]
    month = (today or timezone.localdate()).strftime("%Y-%m")
    return Declaration(values, month, [(resident_id, name), *partner[:1]])


class NotRead(Exception):
    """The photo or the PDF has no amount that can be read; the message is a sentence for whoever sent it."""


def filled_in(found: Declaration, content: bytes) -> dict[str, Decimal]:
    """Return the amounts on a photo or a PDF of the declaration, under the names of the form's fields.

    A limited child reads the file, of which nothing is kept. Cost: up to 3 s of processor for a photo.

    Raises:
        NotRead
    """
    try:
        text = sandbox.text(io.BytesIO(content))
    except Unreadable as refusal:
        raise NotRead(_(UNREADABLE[refusal.code])) from None
    read = reading.amounts_in(text, found.month)
    amounts = {
        prefilled.field(month, rank): amount
        for month, ranked in read.items()
        for rank, amount in enumerate(ranked[: len(found.adults)])
    }
    if not amounts:
        raise NotRead(_("Nous n’avons lu aucun montant. Reprenez la photo de plus près, ou écrivez les montants."))
    return amounts


def compare(found: Declaration, cleaned: Mapping[str, Any]) -> list[prefilled.Month]:
    """Return the months that were typed of each adult, beside their payslips."""
    compared = []
    for rank, (person, name) in enumerate(found.adults):
        filled = prefilled.typed(found.month, cleaned, rank)
        compared += prefilled.compare(filled, prefilled.slips(found.values, person), name if rank else "")
    return compared
