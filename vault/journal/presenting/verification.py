"""Verification of a resident's journal on a page: what was checked and which problems were found, in words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import journal
from core.journal import checkpoints
from core.journal.checkpoints import Fault
from core.templatetags.civic import number

_FAULTS: dict[Fault, str | Promise] = {
    Fault.FORGED: gettext_lazy("Le point %(point)s n’est pas signé par la ville."),
    Fault.ASTRAY: gettext_lazy("La ligne %(line)s ne mène pas à l’empreinte du point %(point)s."),
    Fault.GONE: gettext_lazy("La copie du point %(point)s, gardée au dehors, a disparu."),
    Fault.OTHER: gettext_lazy("La copie du point %(point)s, gardée au dehors, dit autre chose."),
    Fault.CUT: gettext_lazy(
        "La ligne %(line)s a disparu, et peut-être d’autres après elle : le point %(point)s l’avait scellée."
    ),
    Fault.CHANGED: gettext_lazy("La ligne %(line)s n’est plus celle que le point %(point)s avait scellée."),
}


@dataclass(frozen=True)
class Checked:
    """The result of a verification.

    `lines`: the number of entries checked. `purged`: how many of them have only their hash left. `waiting`: how many
    are newer than the last checkpoint.
    """

    lines: int
    purged: int
    points: int
    waiting: int
    last_point: int | None
    last_at: datetime | None
    problems: list[str]


def check(resident_id: UUID) -> Checked:
    """Check every entry's hash and the chain, then the last checkpoints: proof, signature and external copy."""
    entries, purged, problems = 0, 0, []
    for entry in journal.follow(resident_id):
        entries += 1
        purged += entry.purged
        if entry.problem:
            problems.append(
                _("La ligne %(line)s ne correspond pas à ce qui a été écrit.") % {"line": number(entry.number)}
            )
            break
    found = checkpoints.checked(resident_id=resident_id)
    for proof, fault in found:
        if fault:
            problems.append(
                str(_FAULTS[fault]) % {"line": number(proof.number), "point": number(proof.checkpoint.number)}
            )
    last = found[0] if found else None
    return Checked(
        lines=entries,
        purged=purged,
        points=len(found),
        waiting=max(0, entries - last[0].number) if last else entries,
        last_point=last[0].checkpoint.number if last else None,
        last_at=last[0].checkpoint.at if last else None,
        problems=problems,
    )
