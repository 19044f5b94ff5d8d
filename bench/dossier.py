"""Measure the time to make a dossier, and the memory that it adds to its process.

    PYTHONPATH=platform python bench/dossier.py [--smoke]

Each size runs in its own process, like a documents worker: papers converted to images by the limited child process,
marked, laid out, sealed. The memory is this process's peak minus its memory after loading Django, without the child's.
`--smoke` runs the small size once, and fails only on a limit.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.dossiers.pdf.content import DossierContent, PaperPages

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Size:
    """A dossier's size: its total pages, of which `raster` are papers. The limits are in seconds and megabytes."""

    pages: int
    raster: int
    seconds: float
    megabytes: float = 350


SIZES = {"small": Size(12, 6, 3), "large": Size(61, 45, 15)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="the small size only")
    parser.add_argument("--one", choices=SIZES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(SIZES[options.one])))
        return 0
    failed = False
    print(
        f"{'pages':>6} {'raster':>6} {'images':>8} {'pdf':>8} {'total':>8} {'limit':>6} {'memory':>8} {'limit':>6}"
        f" {'file':>8}"
    )
    for name in ["small"] if options.smoke else SIZES:
        size, found = SIZES[name], in_process(name)
        failed |= found["total"] > size.seconds or found["memory"] > size.megabytes or found["pages"] != size.pages
        print(
            f"{found['pages']:>6} {size.raster:>6} {found['images']:>6.2f} s {found['pdf']:>6.2f} s"
            f" {found['total']:>6.2f} s"
            f" {size.seconds:>4} s {found['memory']:>5.0f} MB {size.megabytes:>3} MB {found['file']:>5.1f} MB"
        )
    return int(failed)


def in_process(name: str) -> dict[str, float]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings.dev"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
    }
    done = subprocess.run(
        [sys.executable, __file__, "--one", name],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(size: Size) -> dict[str, float]:
    import django

    django.setup()
    base = resident_memory()
    from services.dossiers.pdf.build import build
    from services.dossiers.pdf.seal import SealKey, make_key

    with TemporaryDirectory() as folder:
        key = SealKey(Path(folder) / "seal.p12")
        make_key(key.path, name="Banc d’essai")
        files = sample_papers()
        start = time.perf_counter()
        papers = list(raster(size.raster, files))
        middle = time.perf_counter()
        built = build(content(size, papers), key=key)
        end = time.perf_counter()
    own, children = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    loaded = [name for name in sys.modules if name.startswith("openfisca")]
    if loaded:
        sys.exit(f"The process that makes dossiers loaded OpenFisca: {loaded[0]}")
    return {
        "pages": built.pages,
        "images": middle - start,
        "pdf": end - middle,
        "total": end - start,
        # Of this process, or of the largest child, which draws the images or lays the pages out.
        "memory": max(own.ru_maxrss * 1024 - base, children.ru_maxrss * 1024) / MEGABYTE,
        "file": len(built.pdf) / MEGABYTE,
    }


def resident_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sample_papers() -> list[list[bytes]]:
    """Return typical papers, three pages each: two PDFs for one set of 12-megapixel photos.

    Other processes make them, so that neither their memory nor their time is counted.
    """
    one_pdf, one_photo = (made_elsewhere(name) for name in ("printed", "photo"))
    return [[one_pdf], [one_photo] * 3, [one_pdf]]


def made_elsewhere(name: str) -> bytes:
    program = f"import sys; from bench import dossier; sys.stdout.buffer.write(dossier.{name}())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT).stdout


def raster(count: int, files: list[list[bytes]]) -> Iterator["PaperPages"]:
    from services.dossiers.content.imaging import Source, rasters
    from services.dossiers.pdf.content import PaperPages

    sources = [files[number % len(files)] for number in range(count // 3)]
    made = rasters(Source(partial(io.BytesIO, data)) for paper in sources for data in paper)
    for number, paper in enumerate(sources):
        images = [image for _file in paper for image in next(made)]
        yield PaperPages(
            "avis_impot", f"Papier {number + 1}", "ajouté le 3 août 2026", "00" * 32, ["Signature vérifiée"], images
        )


def printed() -> bytes:
    from weasyprint import HTML

    lines = "".join(
        f"<p>Ligne {line} du papier : 1 234,56 € versés le 3 août 2026 à Villebrume.</p>" for line in range(28)
    )
    page = f'<section style="break-after: page">{lines}</section>'
    data: bytes = HTML(string=f'<html lang="fr">{page * 2}<section>{lines}</section></html>').write_pdf()
    return data


def photo() -> bytes:
    """Make a page photographed under a lamp: gradient and grain give a JPEG as large as a telephone's."""
    from PIL import Image, ImageDraw

    image = Image.effect_noise((3000, 4000), 18).convert("RGB")
    draw = ImageDraw.Draw(image)
    for top in range(200, 3800, 90):
        draw.text((200, top), f"Ligne {top}, 1 234,56 euros", fill=(30, 30, 30), font_size=60)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def content(size: Size, papers: list["PaperPages"]) -> "DossierContent":
    """Return a dossier with cover, letter, sheets, computation and papers; values fill the remaining pages."""
    from datetime import UTC, date, datetime

    from services.dossiers.pdf.content import (
        Assurance,
        Computation,
        DossierContent,
        Fact,
        Issuer,
        Reason,
        Sheet,
        Value,
        ValueGroup,
    )

    fixed = 6 if len(papers) <= 4 else 7
    per_page = 27
    count = max(4, (size.pages - size.raster - fixed) * per_page + 4)
    values = [
        Value(f"type#/{n}", f"Valeur {n}", "1 234 €", "1234", "Avis d’impôt", date(2026, 8, 3), Assurance.VERIFIED)
        for n in range(count)
    ]
    reasons = [
        Reason("Vos ressources sont sous la limite.", True, "526 €", "650 €", "Article L262-2", "", 526, 650)
    ] * 3
    return DossierContent(
        number="2026-BANC0",
        title="Revenu de solidarité active",
        applicant="Awa Villebrume",
        recipient="CAF de Villebrume",
        purpose="Demande : RSA",
        made_at=datetime(2026, 11, 25, 9, 42, tzinfo=UTC),
        expires_on=date(2027, 11, 25),
        code="7KQ4-M2XD-93HT",
        issuer=Issuer("Ville de Villebrume", "https://garant.villebrume.example/verifier/"),
        letter="Madame, Monsieur,\n\nJe demande le RSA.",
        sheets=[Sheet("Demandeur", [Fact("Nom", "Villebrume"), Fact("Prénom", "Awa")])],
        groups=[ValueGroup("Valeurs", values)],
        computations=[Computation("rsa", "RSA", "412 € par mois", reasons)],
        papers=papers,
    )


if __name__ == "__main__":
    sys.exit(main())
