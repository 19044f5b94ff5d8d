"""What the page of promises lists of an app above: the acts that take two persons (`accounts` registers them)."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class ByTwo:
    """An act that takes two persons: what each of the two is, and what one alone could do otherwise."""

    label: Promise
    first: Promise
    second: Promise
    why: Promise


_sources: list[Callable[[], list[ByTwo]]] = []


def register(source: Callable[[], list[ByTwo]]) -> None:
    _sources.append(source)


def by_two() -> list[ByTwo]:
    return [act for source in _sources for act in source()]
