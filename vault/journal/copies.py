"""Copies of a resident's journal as PDF, CSV, or JSON with the proofs to verify it. Requires the resident's scope."""

import base64
import csv
import io
import json
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import canonical, journal
from core.files.csv_cells import harmless
from core.journal import checkpoints, signed_notes
from core.pdf import apart
from vault.journal import sentences
from vault.journal.enums import CopyFormat
from vault.journal.presenting import page
from vault.records.copies.copy_files import listed
from vault.records.models import PaperKind

STYLE = Path(__file__).with_name("copies.css")
#: The maximum number of entries of a PDF, so that it is drawn within a request. Other formats have no limit.
PDF_ENTRIES = 500
_HOW = (
    "Each line: leaf = SHA-256(0x00 || bytes), where bytes is base64 (32 bytes of salt, then the canonical JSON of "
    "the "
    "line); "
    "chain = SHA-256(0x01 || chain of the line before || leaf), the first after 32 zero bytes. "
    "What lines say is erased after three years: of those, leaf and chain are here, and a checkpoint as old names a "
    "line at or after them. "
    "Each checkpoint: note is a signed note (c2sp.org/signed-note, Ed25519; public_keys are its verifier keys); its "
    "third line is a Merkle root (RFC 9162). The chain of its line is the entry at position, in a tree of size "
    "entries; path leads to the root. "
    "Compare the note with the one published, and with copies that others kept."
)


def make(resident_id: UUID, form: CopyFormat) -> bytes:
    """Return a copy in the given format.

    Raises:
        core.pdf.apart.NotDrawn
    """
    match form:
        case CopyFormat.CSV:
            return _csv(resident_id)
        case CopyFormat.JSON:
            return b"".join(pieces(resident_id))
        case CopyFormat.PDF:
            return _pdf(resident_id)


def _csv(resident_id: UUID) -> bytes:
    """Return a CSV with semicolons and a byte order mark, which French spreadsheets open directly."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";")
    heads = [
        _("Ligne"),
        _("Date"),
        _("Heure"),
        _("Ce qui s’est passé"),
        _("Qui"),
        _("Pourquoi"),
        _("Ce qui le permet"),
        _("Moyen"),
    ]
    table.writerow([*heads, _("Données")])
    found = [one.line for one in journal.evidence(resident_id=resident_id) if one.line]
    kinds = sentences.paper_kinds(found)
    for entry in found:
        at = timezone.localtime(entry.at)
        sentence = sentences.present_entry(entry, kinds, resident_id).sentence
        cells = [str(entry.number), f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}", sentence, page.by_whom(entry, resident_id)]
        cells += [_(entry.purpose), str(sentences.GROUNDS[entry.ground]), str(sentences.MEANS[entry.means])]
        table.writerow([harmless(cell) for cell in [*cells, " ; ".join(sentences.by_type(entry.fields))]])
    return text.getvalue().encode("utf-8-sig")


def pieces(resident_id: UUID) -> Iterator[bytes]:
    """Yield the JSON in pieces, so that a long journal is never whole in memory."""
    head = {
        "format": "garant-journal-1",
        "resident": str(resident_id),
        "copied_at": timezone.now().isoformat(),
        "how_to_verify": _HOW,
        "public_keys": signed_notes.public_keys(),
    }
    yield _dumped(head)[:-2] + b',\n "lines": '
    yield from listed(_entries(resident_id))
    yield b',\n "checkpoints": '
    yield from listed(_checkpoint(proof) for proof in checkpoints.proofs(resident_id=resident_id, most=None))
    yield b"\n}"


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _entries(resident_id: UUID) -> Iterator[dict[str, object]]:
    kinds = {kind.code: kind.label for kind in PaperKind.objects.all()}
    for one in journal.evidence(resident_id=resident_id):
        row: dict[str, object] = {"number": one.number}
        if one.line:
            row |= {
                "at": one.line.at.isoformat(),
                "sentence": sentences.sentence(one.line, kinds),
                "content": canonical.decode(one.salted[journal.SALT_BYTES :]),
                "bytes": base64.b64encode(one.salted).decode(),
            }
        yield row | {"leaf": one.leaf.hex(), "chain": one.chain.hex()}


def _checkpoint(proof: checkpoints.Proof) -> dict[str, object]:
    return {
        "number": proof.checkpoint.number,
        "line": proof.number,
        "position": proof.position,
        "size": proof.size,
        "path": [node.hex() for node in proof.path],
        "note": proof.checkpoint.note,
    }


def _pdf(resident_id: UUID) -> bytes:
    entries = list(islice(journal.lines(resident_id=resident_id), PDF_ENTRIES + 1))
    shown = entries[:PDF_ENTRIES]
    kinds = sentences.paper_kinds(shown)
    days = groupby(shown, key=lambda entry: timezone.localtime(entry.at).date())
    context = {
        "days": [
            {"day": day, "lines": [sentences.present_entry(entry, kinds, resident_id) for entry in of_day]}
            for day, of_day in days
        ],
        "more": len(entries) > PDF_ENTRIES,
        "most": PDF_ENTRIES,
        "today": timezone.now(),
        "language": get_language() or "fr",
    }
    return apart.draw(render_to_string("journal/pdf/journal.html", context), style=STYLE.read_text())
