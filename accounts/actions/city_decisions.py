"""Settings of the city that take two persons: urgent access, the days before deciding, where residents call, write and
go, the logo, the words of legal pages. Apps above register theirs: the addresses of holders, the end of an aid.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import NAMESPACE_OID, uuid5

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Field, Model
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.actions import notices
from accounts.actions.nominations import require_governs
from accounts.models import CityDecision, User
from accounts.models.decisions import LOGO, MOST_DAYS
from accounts.two_persons import ACTS
from core.database import locks
from core.models import City, LegalPage
from core.pages import logo
from core.pages.exits import EXITS

WAITS = timedelta(days=7)
#: The code of the words of a legal page; the subject is its slug, and empty words those of the software.
LEGAL_PAGE = "legal_page"
What = CityDecision.What
Value = Any


class Over(Exception):
    """The proposal was decided, is older than a week, or does not say what it replaces."""


class Moved(Exception):
    """What the proposal replaces, or the name of what it changes, is not what it was when it was proposed."""


@dataclass(frozen=True)
class Setting:
    """A setting that takes two persons to change.

    Args:
        name: what it is, with the name of its subject.
        read: returns the value now, on a page too: it locks nothing.
        write: writes a value that two persons chose.
        protects: whether to go from the second value to the first one protects residents, so that one person may.
        clean: raises ValueError or ValidationError for a value that nobody may choose.
        words: says a value, if it is not a text or several.
        labels: of a value of several columns, their names on the pages, in their order.
        says: of a value of several columns, how those that are no text are said.
        shows: the column that shows the others to residents: a proposal to set it holds them all.
    """

    name: Callable[[str], str | Promise]
    read: Callable[[str], Value]
    write: Callable[[str, Value], None]
    protects: Callable[[Value, Value], bool]
    clean: Callable[[str, Value], None] = lambda subject, value: None
    words: Callable[[Value], str] | None = None
    labels: Mapping[str, str | Promise] = field(default_factory=dict)
    says: Mapping[str, Callable[[Value], str]] = field(default_factory=dict)
    shows: str = ""


_settings: dict[str, Setting] = {}


def register(code: str, setting: Setting) -> None:
    _settings[code] = setting


def setting_of(decision: CityDecision) -> Setting:
    return _settings[decision.what]


def labels_of(model: type[Model], *names: str) -> dict[str, str | Promise]:
    """Return the names of columns on the pages."""
    return {name: cast("Field[Any, Any]", model._meta.get_field(name)).verbose_name for name in names}  # noqa: SLF001 - Django documents _meta


def has_moved(decision: CityDecision) -> bool:
    """Return whether a value that the proposal replaces, or the name of what it changes, has changed since."""
    if decision.named and decision.named != _named(decision.what, decision.subject):
        return True
    return bool(decision.before != _only(decision.before, setting_of(decision).read(decision.subject)))


def name_of(decision: CityDecision) -> str:
    """Return the name of what the decision changes, as it was when it was proposed."""
    known = decision.named.get((translation.get_language() or "")[:2])
    return known or str(setting_of(decision).name(decision.subject))


def _named(what: str, subject: str) -> dict[str, str]:
    """Return the name of what a setting changes, in each language: the second person may read any of them."""
    found = {}
    for language in dict(settings.LANGUAGES):
        with translation.override(language):
            found[language] = str(_settings[what].name(subject))
    return found


def _only(part: Value, whole: Value) -> Value:
    """Return the columns of `whole` that `part` has; a value of one column as it is."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return {name: whole.get(name) for name in part}
    return whole


def _changes(setting: Setting, value: Value, now: Value) -> tuple[Value, Value]:
    """Return the columns that change as they would be, and as they are; a value that is said as one, whole."""
    if not isinstance(value, dict) or setting.words:
        return value, now
    is_shown = bool(setting.shows) and value[setting.shows] and not now[setting.shows]
    after = {name: value[name] for name in value if is_shown or value[name] != now[name]}
    return after, _only(after, now)


def _whole(decision: CityDecision, now: Value) -> Value:
    return {**now, **decision.value} if isinstance(decision.value, dict) else decision.value


def change(*, what: str, value: Value, by: User, subject: str = "") -> CityDecision | None:
    """Change a setting, or propose it to a second person. Return the proposal, or None if the change is done.

    What protects residents, such as switching urgent access off or taking a telephone number away, one person does
    at once. Who governs is told of each.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer.
        NotTwo: `by` may not be one of the two.
        ValueError, ValidationError: nobody may choose this value.
    """
    require_governs(by)
    setting = _settings[what]
    setting.clean(subject, value)
    with transaction.atomic():
        _hold(what, subject)
        now = setting.read(subject)
        if value == now:
            return None
        after, before = _changes(setting, value, now)
        said = {"what": what, "subject": subject, "value": after, "before": before, "proposed_by": by}
        said["named"] = _named(what, subject)
        if setting.protects(value, now):
            setting.write(subject, value)
            CityDecision.objects.create(**said, decided_at=timezone.now(), agreed=True)
            notices.tell_soon()
            return None
        ACTS["city_setting"].require_first(by)
        since = timezone.now() - WAITS
        waiting = CityDecision.objects.waiting(since).filter(**said).first()
        if waiting is None:
            waiting = CityDecision.objects.create(**said)
            notices.tell_soon()
        return waiting


def change_all(choices: Iterable[tuple[str, Value]], *, by: User) -> list[CityDecision | None]:
    """Change several settings, or none of them; returns and raises as `change`."""
    with transaction.atomic():
        return [change(what=what, value=value, by=by) for what, value in choices]


def decide(*, decision: CityDecision, by: User, agree: bool) -> None:
    """Record the second person's answer. If they agree, the columns of the proposal change now, and no other.

    Raises:
        PermissionDenied, NotTwo
        Over, Moved: nothing changes, not even the proposal.
    """
    require_governs(by)
    with transaction.atomic():
        _hold(decision.what, decision.subject)
        held = CityDecision.objects.select_for_update().select_related("proposed_by").get(pk=decision.pk)
        if held.decided_at or held.before is None or timezone.now() - held.proposed_at > WAITS:
            raise Over
        if agree:
            require_governs(held.proposed_by)
            ACTS["city_setting"].require(held.proposed_by, by)
        elif held.proposed_by == by:
            raise PermissionDenied
        held.decided_by, held.decided_at, held.agreed = by, timezone.now(), agree
        held.save(update_fields=["decided_by", "decided_at", "agreed"])
        if agree:
            _write(held)
        notices.tell_soon()


def _write(decision: CityDecision) -> None:
    setting = setting_of(decision)
    if has_moved(decision):
        raise Moved
    value = _whole(decision, setting.read(decision.subject))
    try:
        setting.clean(decision.subject, value)
    except (ValueError, ValidationError) as problem:  # what stayed does not go with it any more
        raise Moved from problem
    setting.write(decision.subject, value)


def _hold(what: str, subject: str) -> None:
    locks.hold("city_decision", uuid5(NAMESPACE_OID, f"{what}|{subject}"))


def _locked_city() -> City:
    return City.objects.select_for_update().first() or City.current()


def _write_emergency(subject: str, value: Value) -> None:
    city = _locked_city()
    city.emergency_access, city.emergency_changed_at = bool(value), timezone.now()
    city.save()


def _write_days(subject: str, value: Value) -> None:
    city = _locked_city()
    city.days_before_deciding = value
    city.save()


def _require_days(subject: str, value: Value) -> None:
    if not 1 <= value <= MOST_DAYS:
        raise ValueError("less than a day, or more than a month")


#: Emptied, they send nobody anywhere.
_MAY_BE_EMPTIED = {What.PHONE, What.HOURS, What.HOURS_EN, What.EMAIL, What.ADDRESS, What.EXIT}


def _column(what: CityDecision.What) -> Setting:
    """Return the setting of a text of the city's row."""

    def write(subject: str, value: Value) -> None:
        city = _locked_city()
        setattr(city, what, value)
        city.save()

    def clean(subject: str, value: Value) -> None:
        cast("Field[Any, Any]", City._meta.get_field(what)).clean(value, None)  # noqa: SLF001 - Django documents _meta
        if what == What.EXIT and value and value not in EXITS:
            raise ValueError("not in the list of exits")

    return Setting(
        name=lambda subject: what.label,
        read=lambda subject: getattr(City.current(), what),
        write=write,
        # “Non conforme” is what the law asks for without an audit: it claims nothing.
        protects=lambda value, now: (
            value == City.Accessibility.NONE if what == What.ACCESSIBILITY else not value and what in _MAY_BE_EMPTIED
        ),
        clean=clean,
        words=(lambda value: str(City.Accessibility(value).label)) if what == What.ACCESSIBILITY else None,
    )


def _read_page(slug: str) -> Value:
    found = LegalPage.objects.filter(slug=slug).first()
    return {"text": found.text, "text_en": found.text_en} if found else {"text": "", "text_en": ""}


def _write_page(slug: str, value: Value) -> None:
    if value["text"]:
        LegalPage.objects.update_or_create(slug=slug, defaults=value)
    else:
        LegalPage.objects.filter(slug=slug).delete()


def _require_page(slug: str, value: Value) -> None:
    LegalPage.Slug(slug)
    if {*value} != {"text", "text_en"} or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("not the words of a page")


def _read_logo(subject: str) -> Value:
    city = City.current()
    return logo.written(bytes(city.logo), city.logo_type)


def _write_logo(subject: str, value: Value) -> None:
    city = _locked_city()
    city.logo, city.logo_type = base64.b64decode(value["logo"]), value["logo_type"]
    city.save()


def _require_logo(subject: str, value: Value) -> None:
    try:
        content = base64.b64decode(value["logo"], validate=True)
    except (KeyError, TypeError, binascii.Error) as problem:
        raise ValueError("not a logo") from problem
    known = {"image/png", "image/svg+xml"} if content else {""}
    if {*value} != {*logo.written(b"", "")} or value["logo_type"] not in known:
        raise ValueError("not a logo")


def _logo_words(value: Value) -> str:
    return _("aucun") if not value["logo"] else "PNG" if value["logo_type"] == "image/png" else "SVG"


register(
    LOGO,
    Setting(
        name=lambda subject: _("logo"),
        read=_read_logo,
        write=_write_logo,
        protects=lambda value, now: not value["logo"],
        clean=_require_logo,
        words=_logo_words,
    ),
)
register(
    What.EMERGENCY,
    Setting(
        name=lambda subject: What.EMERGENCY.label,
        read=lambda subject: int(City.current().emergency_access),
        write=_write_emergency,
        protects=lambda value, now: value < now,
    ),
)
register(
    What.DAYS,
    Setting(
        name=lambda subject: What.DAYS.label,
        read=lambda subject: City.current().days_before_deciding,
        write=_write_days,
        # More days would make those named lately too new to decide, and fewer would let them too early.
        protects=lambda value, now: False,
        clean=_require_days,
    ),
)
for column in What:
    if column not in {What.EMERGENCY, What.DAYS}:
        register(column, _column(column))
register(
    LEGAL_PAGE,
    Setting(
        name=lambda slug: LegalPage.Slug(slug).label,
        read=_read_page,
        write=_write_page,
        protects=lambda value, now: not value["text"],
        clean=_require_page,
    ),
)
