"""Sample input for the renderer, about fictional people."""

import dataclasses
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from services.dossiers.pdf.content import (
    Assurance,
    Box,
    Computation,
    DossierContent,
    Fact,
    Issuer,
    PageImage,
    PaperPages,
    Reason,
    Sheet,
    Value,
    ValueGroup,
)

ROOT = Path(__file__).resolve().parents[3]
LOGO = (ROOT / "static/civic/img/garant.svg").read_bytes()
SIZE = (620, 877)


def page(*, size: tuple[int, int] = SIZE, clear: tuple[Box, ...] = (), text: str = "Ligne") -> PageImage:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for top in range(60, size[1] - 60, 40):
        draw.text((60, top), f"{text} {top}", fill=(20, 20, 20))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return PageImage(out.getvalue(), *size, clear)


def value(number: int = 1, **changes: Any) -> Value:
    plain = Value(
        field_id="fiscal.avis_ir#/revenu_fiscal_reference",
        label=f"Revenu fiscal de référence {number}",
        text="12\u00a0312\u00a0€",
        raw="12312.00",
        origin="Avis d’impôt 2026",
        at=date(2026, 8, 3),
        assurance=Assurance.VERIFIED if number % 2 else Assurance.DECLARED,
    )
    return dataclasses.replace(plain, **changes)


def paper(title: str = "Avis d’impôt 2026", pages: tuple[PageImage, ...] | None = None) -> PaperPages:
    return PaperPages(
        "avis_impot",
        title,
        origin="daté du 3 août 2026",
        sha256="ab" * 32,
        checks=["Signature vérifiée"],
        pages=pages or (page(), page()),
    )


def content(**changes: Any) -> DossierContent:
    plain = DossierContent(
        number="2026-K7QM4",
        title="Revenu de solidarité active",
        applicant="Élodie Łukasz-Nguyễn",
        recipient="CAF de Villebrume",
        purpose="Demande : Revenu de solidarité active",
        made_at=datetime(2026, 11, 25, 9, 42, tzinfo=UTC),
        expires_on=date(2027, 11, 25),
        code="7KQ4-M2XD-93HT",
        issuer=Issuer("Ville de Villebrume", "https://garant.villebrume.example/verifier/", logo=LOGO),
        letter="Madame, Monsieur,\n\nJe demande le RSA de tout cœur, pour 412 € par mois.",
        sheets=[Sheet("Demandeur", [Fact("Nom", "Łukasz-Nguyễn"), Fact("Date de naissance", "14 mai 1992")])],
        groups=[ValueGroup("Impôts", [value(1), value(2)])],
        computations=[
            Computation(
                "rsa",
                "Revenu de solidarité active",
                "412 € par mois",
                [
                    Reason(
                        "Vos ressources sont sous la limite.",
                        True,
                        figure="526 €",
                        threshold="650 €",
                        law="Article L262-2",
                        origin="Avis d’impôt",
                        amount=526,
                        limit=650,
                    ),
                    Reason("Vous résidez en France.", None),
                ],
            )
        ],
        papers=[paper()],
        left_out=["Certificat de scolarité"],
    )
    return dataclasses.replace(plain, **changes)
