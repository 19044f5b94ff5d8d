from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from vault.records.models import PaperKind
from vault.records.values.decrypted import Values


@dataclass(frozen=True)
class CheckInput:
    """The input of the checks: the paper as it was read, and the vault's values about its resident."""

    resident_id: UUID
    kind: PaperKind | None
    declared: str
    recognised: str
    media_type: str
    pages: int
    records: Sequence[Mapping[str, Any]]
    known: Values
    today: date
    issued_on: date | None = None
    expires_on: date | None = None
    same_file: bool = False
    #: The dates of the other kept papers of the same kind.
    siblings: Sequence[date] = ()
    read_names: Sequence[str] = ()
    code_failed: bool = False
    #: For each file, the kinds named on its pages; none for a photo.
    kinds: Sequence[Sequence[str]] = ()
    #: For each file, the outcome of the check of its sharpness.
    sharpness: Sequence[str] = ()
    #: The number of leaves printed on the paper, or 0.
    leaves: int = 0
    insee: str = ""
    town: str = ""

    @property
    def kind_code(self) -> str:
        return self.kind.code if self.kind else ""

    def payload(self, type_code: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(
            (record["payload"] for record in self.records if record["type"] == type_code), {}
        )
        return found

    @property
    def names(self) -> list[str]:
        """Return the people that the paper is about: taxpayers, occupants, the bearer."""
        notice, home, bearer = (
            self.payload("fiscal.avis_ir"),
            self.payload("logement.domicile"),
            self.payload("identite.pivot"),
        )
        read = [notice.get("declarant1"), notice.get("declarant2"), *(home.get("occupants") or [])]
        if bearer:
            read.append(f"{bearer.get('family_name', '')} {bearer.get('given_name', '')}")
        return [str(name) for name in [*read, *self.read_names] if name and str(name).strip()]

    @property
    def address(self) -> Mapping[str, Any]:
        return self.payload("logement.domicile").get("adresse") or self.payload("fiscal.avis_ir").get("adresse") or {}
