"""Write the file of a draw, and verify one: the list, when it was frozen, the seed, the order. Without a database."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.panel import draw
from campaigns.panel.draw import Drawn
from campaigns.panel.models import Panel
from core.journal import register, signed_notes
from core.models import RegisterEntry

KIND = "panel_draw"


@dataclass(frozen=True)
class File:
    """A file that has the shape of a draw."""

    announced: dict[str, Any]
    entries: list[int]
    sha256: str
    register: dict[str, Any]
    drawn: Drawn
    seed: str
    order: list[int]

    @property
    def draws_at(self) -> datetime:
        return datetime.fromisoformat(self.announced["draws_at"])

    @property
    def lines(self) -> list[RegisterEntry]:
        return [_entry(one) for one in self.register["entries"]]


def as_file(panel: Panel) -> bytes:
    """Return the file of a panel whose list is frozen. Before the draw it has no seed and no order."""
    drawn = panel.drawn
    content: dict[str, Any] = {
        "kind": KIND,
        "version": 1,
        "announced": {
            "panel": panel.number,
            "seats": panel.seats,
            "draws_at": panel.draws_at.isoformat(timespec="seconds"),
            "ends_on": panel.ends_on.isoformat(),
        },
        "entries": panel.entries,
        "sha256": panel.sha256,
        "rule": "the lowest SHA-256 of the text seed-number first; seed: the SHA-256 of checkpoint",
    }
    if drawn is not None:
        content |= {"checkpoint": drawn.note, "checkpoint_before": drawn.before, "seed": drawn.seed}
        content |= {"register": _register(panel, drawn), "order": panel.order}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def problems(file: bytes) -> list[str]:
    """Return what is wrong with a file, in English, or an empty list.

    The signatures are checked with this portal's keys.
    """
    try:
        content = json.loads(file)
        if content["kind"] != KIND:
            raise ValueError
        if "seed" not in content:
            return ["the file has a frozen list and no draw yet"]
        found = _read(content)
        return [*_of_list(found), *_of_seed(found)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return ["the file is not the draw of a panel of this portal"]
    except signed_notes.Forged:
        return ["a checkpoint was not signed by this portal"]
    except signed_notes.KeyUnusable as error:
        return [f"the signatures could not be checked: {error}"]


def _read(content: dict[str, Any]) -> File:
    return File(
        announced=content["announced"],
        entries=[int(one) for one in content["entries"]],
        sha256=str(content["sha256"]),
        register=content["register"],
        drawn=Drawn(str(content["checkpoint"]), str(content["checkpoint_before"])),
        seed=str(content["seed"]),
        order=[int(one) for one in content["order"]],
    )


def _of_list(file: File) -> list[str]:
    found = []
    if file.entries != sorted({*file.entries}) or draw.sha256_of(file.entries) != file.sha256:
        found.append("the list is not the one of the hash")
    frozen = file.lines[0]
    said = file.announced | {"volunteers": len(file.entries), "sha256": file.sha256}
    if (frozen.kind, frozen.event, frozen.content) != ("panel", "panel_frozen", said):
        found.append("the register did not freeze this list, or announced another draw")
    return found


def _of_seed(file: File) -> list[str]:
    found = []
    if not draw.is_first(file.drawn, draws_at=file.draws_at, entry=file.lines[0].number):
        found.append("the checkpoint is not the first one after the minute that signs the list")
    if _signed(file) != signed_notes.read(file.drawn.note).register:
        found.append("the checkpoint did not sign the register that froze the list")
    if file.seed != file.drawn.seed:
        found.append("the seed is not the hash of the checkpoint")
    if file.order != draw.ordered(file.seed, file.entries):
        found.append("the order is not the one of the seed")
    return found


def _signed(file: File) -> tuple[int, bytes]:
    """Return the number and the chain of the last entry of the file, computed from the chain before the first one."""
    chain = bytes.fromhex(file.register["before"])
    for entry in file.lines:
        chain = register.chain_of(entry, chain)
    return file.lines[-1].number, chain


def _register(panel: Panel, drawn: Drawn) -> dict[str, Any]:
    """Return the register's entries from the one that froze the list to the last one that the checkpoint signed."""
    signed = signed_notes.read(drawn.note).register
    last = signed[0] if signed else 0
    entries = register.believed(
        RegisterEntry.objects.filter(number__gte=panel.entry, number__lte=last).order_by("number")
    )
    earlier = RegisterEntry.objects.filter(number__lt=panel.entry or 0).order_by("-number")
    before = next(register.believed(earlier.iterator(chunk_size=10)), None)
    chain = bytes(before.chain) if before else register.START
    names = ("number", "kind", "event", "content")
    rows = [
        {name: getattr(one, name) for name in names}
        | {"at": one.at.isoformat(timespec="microseconds"), "subject_id": str(one.subject_id)}
        for one in entries
    ]
    return {"before": chain.hex(), "entries": rows}


def _entry(row: dict[str, Any]) -> RegisterEntry:
    return RegisterEntry(
        number=int(row["number"]),
        at=datetime.fromisoformat(row["at"]),
        kind=row["kind"],
        subject_id=UUID(row["subject_id"]),
        event=row["event"],
        content=row["content"],
    )
