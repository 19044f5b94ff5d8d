"""Memoised period arithmetic for OpenFisca.

Cost: half of a single-household run derives the same few hundred months again and again. Periods and instants are
immutable tuples, so results can be cached. Trap: the cache keys need the argument's type, because an Instant equals
the plain tuple of its numbers. A test compares the patched arithmetic with the stock one.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from openfisca_core import periods
from openfisca_core.periods import Instant, Period
from openfisca_core.periods import helpers as period_helpers

KEPT = 65536
METHODS: tuple[tuple[type, str], ...] = (
    (Instant, "offset"),
    (Period, "offset"),
    (Period, "get_subperiods"),
    (Instant, "__str__"),
    (Period, "__str__"),
)
PROPERTIES = (
    "stop",
    "last_month",
    "last_3_months",
    "last_year",
    "n_2",
    "this_year",
    "first_month",
    "first_day",
    "size_in_months",
    "size_in_days",
)
_stock: dict[tuple[Any, str], Any] = {}


def install() -> None:
    """Patch this process once; `uninstall` restores the stock arithmetic."""
    if _stock:
        return
    for owner, name in METHODS:
        _replace(owner, name, lru_cache(KEPT, typed=True)(getattr(owner, name)))
    for name in PROPERTIES:
        getter: Callable[[Period], Any] = vars(Period)[name].fget
        _replace(Period, name, property(lru_cache(KEPT)(getter)))
    _replace(periods, "period", _fast_period(periods.period))
    _replace(period_helpers, "unit_weight", lru_cache(64)(period_helpers.unit_weight))
    _replace(periods, "unit_weight", period_helpers.unit_weight)


def uninstall() -> None:
    for (owner, name), value in _stock.items():
        setattr(owner, name, value)
    _stock.clear()


def _replace(owner: Any, name: str, value: Any) -> None:  # noqa: ANN401 - a class or a module, and anything it holds
    _stock[owner, name] = vars(owner)[name]
    setattr(owner, name, value)


def _fast_period(stock: Callable[[object], Period]) -> Callable[[object], Period]:
    kept = lru_cache(KEPT, typed=True)(stock)

    def period(value: object) -> Period:
        return value if type(value) is Period else kept(value)

    return period
