"""Which dossiers were sent. The apps that send them know: each registers its own answer in `AppConfig.ready()`."""

from collections.abc import Callable, Collection
from uuid import UUID

_answers: list[Callable[[Collection[UUID]], set[UUID]]] = []


def register(answer: Callable[[Collection[UUID]], set[UUID]]) -> None:
    """Add a function that returns those of some dossiers that were sent, whoever their residents are."""
    if answer not in _answers:
        _answers.append(answer)


def among(dossiers: Collection[UUID]) -> set[UUID]:
    return {key for answer in _answers for key in answer(dossiers)} if dossiers else set()
