"""A resident's journal, verified while they wait: what was checked, and what does not match, in plain words."""

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
    """`lines`: how many were followed; `purged`: of how many the hash alone is left; `waiting`: how many are newer than the last
    checkpoint."""

    lines: int
    purged: int
    points: int
    waiting: int
    last_point: int | None
    last_at: datetime | None
    problems: list[str]


def check(resident_id: UUID) -> Checked:
    """Every line by its own hash and by the chain; then the last checkpoints, each by its proof, its signature and its copy outside."""
    lines, purged, problems = 0, 0, []
    for line in journal.follow(resident_id):
        lines += 1
        purged += line.purged
        if line.problem:
            problems.append(
                _("La ligne %(line)s ne correspond pas à ce qui a été écrit.") % {"line": number(line.number)}
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
        lines=lines,
        purged=purged,
        points=len(found),
        waiting=max(0, lines - last[0].number) if last else lines,
        last_point=last[0].checkpoint.number if last else None,
        last_at=last[0].checkpoint.at if last else None,
        problems=problems,
    )
