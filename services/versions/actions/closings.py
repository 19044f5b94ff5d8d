"""The end of a version in force: a setting that two persons change, since residents lose what it gives."""

from typing import Any, cast

from django.utils.translation import gettext as _

from accounts.actions import city_decisions
from accounts.actions.city_decisions import Setting
from accounts.models import CityDecision, User
from services.versions.actions import versions
from services.versions.models import Version


def propose(*, row: Version, by: User) -> CityDecision | None:
    """Propose to close the version in force. Residents see it until a second person agrees.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer.
        NotTwo: `by` may not be one of the two.
        NotNow: the version is not in force.
    """
    if not row.is_in_force:
        raise versions.NotNow
    return city_decisions.change(what=_what(type(row)), subject=row.code, value=-row.version, by=by)


def register(model: type[Version]) -> None:
    """Let two persons close the versions of a kind. The value is the number in force, negative once it is closed."""

    def in_force(code: str) -> Version | None:
        return cast("Version | None", cast(Any, model).objects.of(code).published().first())

    def read(code: str) -> int:
        found = in_force(code)
        return found.version if found else 0

    def write(code: str, value: int) -> None:
        found = in_force(code)
        if found is not None and found.version == -value:
            versions.close(row=found)

    def clean(code: str, value: int) -> None:
        if value != -read(code):
            raise ValueError("not the version in force")

    def name(code: str) -> str:
        """Name the version in force, not a draft, which one person writes; or the last one that residents saw."""
        found = in_force(code) or cast(Any, model).objects.of(code).shown().first()
        return _("ce qui est en vigueur : « %(name)s »") % {"name": found.name if found else code}

    setting = Setting(name=name, read=read, write=write, protects=lambda value, now: False, clean=clean, words=_words)
    city_decisions.register(_what(model), setting)


def _what(model: type[Version]) -> str:
    return f"end_{model.KIND}"


def _words(value: int) -> str:
    if value < 0:
        return _("version %(number)s fermée : les habitants ne la voient plus") % {"number": -value}
    return _("version %(number)s en vigueur") % {"number": value} if value else _("rien n’est en vigueur")
