"""Build the sealed PDF of a dossier's content."""

import hashlib
from dataclasses import dataclass, field

from services.dossiers.pdf.content import DossierContent
from services.dossiers.pdf.render import Progress, unsealed
from services.dossiers.pdf.seal import SealKey, seal


@dataclass(frozen=True)
class Built:
    pdf: bytes = field(repr=False)
    pages: int
    data_hash: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


def build(content: DossierContent, *, key: SealKey, progress: Progress = lambda done, total: None) -> Built:
    pdf, pages = unsealed(content, progress=progress)
    sealed = seal(pdf, key=key, issuer=content.issuer.name, reason=f"Dossier {content.number}, code {content.code}")
    return Built(pdf=sealed, pages=pages, data_hash=content.data_hash.hex())
