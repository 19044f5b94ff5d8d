"""A rehearsal: all releases of a plan on rows that a file gives, with the code of real ones and without a database."""

from collections.abc import Iterable, Iterator, Sequence

from campaigns.noise.mechanism import release
from campaigns.noise.plan import Plan
from campaigns.noise.publication import POSTPONED, Publication
from campaigns.noise.rows import Row, pack


def rehearse(plan: Plan, rows: Iterable[tuple[str, Row]]) -> Iterator[Publication]:
    """Yield the publication of each window.

    Args:
        rows: each with the code of the window that it arrived for.

    Raises:
        RowOutOfBounds
        LookupError: the plan has no window of a row's code.
    """
    arrived: dict[str, list[bytes]] = {window.code: [] for window in plan.windows}
    for window, row in rows:
        arrived[window].append(pack(plan, row))
    waiting: Sequence[bytes] = []
    previous = ""
    for one in plan.windows:
        counted = [*waiting, *arrived[one.code]]
        found = release(plan, one, counted, charge=_no_ledger, previous_sha256=previous)
        waiting = counted if found.outcome == POSTPONED else []
        previous = found.sha256
        yield found


def _no_ledger(table: str, rho: float) -> None:
    """Spend nothing: the rows are not of residents."""
