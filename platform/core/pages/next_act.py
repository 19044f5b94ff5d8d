"""The act that follows when values enter a vault, such as seeing which aids change.

The app that uses values registers it in `AppConfig.ready()`, because the vault must not import the apps above it.
"""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise


@dataclass(frozen=True)
class Act:
    label: str | Promise
    url_name: str

    @property
    def href(self) -> str:
        return reverse(self.url_name)


_acts: list[Act] = []


def register(label: str | Promise, url_name: str) -> None:
    act = Act(label, url_name)
    if act not in _acts:
        _acts.append(act)


def after_values() -> Act | None:
    return next(iter(_acts), None)
