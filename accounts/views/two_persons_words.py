"""The words of the pages of decisions that take two persons."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import two_persons
from accounts.actions import city_decisions
from accounts.models import CityDecision, Membership, Nomination, Role, User
from accounts.models.decisions import LOGO
from accounts.two_persons import ACTS, DECIDING, NotTwo
from core.models import City
from core.templatetags.civic import clock, long_date

What = CityDecision.What
Row = dict[str, str]
#: How long a second person reads that another one refused the same.
LATELY = timedelta(days=90)


def governs(agent: User) -> bool:
    return agent.is_superuser or agent.is_dpo


def own(agent: User) -> Row:
    """Return what the agent may do, or what is missing, for a notice."""
    lack = DECIDING.lack(agent)
    if lack is None:
        return {"kind": "ok", "title": _("Vous pouvez décider à deux")}
    return {"kind": "", "title": str(lack.label), "text": _next_step(agent, lack)}


def _next_step(agent: User, lack: two_persons.Lack) -> str:
    if lack == two_persons.Lack.TOO_NEW:
        found = Nomination.objects.standing().filter(person=agent)
        first = min(two_persons.counts_from(one) for one in found)
        return _("Elle compte à partir du %(day)s.") % {"day": long_date(first)}
    if lack == two_persons.Lack.NOT_SEEN:
        return _(
            "Allez voir, avec votre téléphone ou votre clé, une personne qui gère les agents, ou le délégué à la "
            "protection des données : il vous dit un code."
        )
    return _("Une personne qui gère les agents vous propose, une autre confirme, vous présent.")


def own_office(agent: User) -> Row | None:
    """Return whether the agent decides in their office, or what is missing to decide or to propose; else None."""
    place = Membership.objects.of_office(agent)
    if place is None:
        return None
    if not place.may_decide:
        return _own_examining(agent, place)
    try:
        ACTS["decide_request"].require_second(agent, office=place.organisation_id)
    except NotTwo as problem:
        title = _("Vous ne décidez pas encore au service « %(office)s »") % {"office": place.organisation.name}
        return {"kind": "", "title": title, "text": problem.words_for(agent)}
    return {"kind": "ok", "title": _("Vous décidez au service « %(office)s »") % {"office": place.organisation.name}}


def _own_examining(agent: User, place: Membership) -> Row | None:
    try:
        ACTS["decide_request"].require_first(agent, office=place.organisation_id)
    except NotTwo as problem:
        title = _("Vous ne proposez pas encore de décision au service « %(office)s »")
        return {"kind": "", "title": title % {"office": place.organisation.name}, "text": problem.words_for(agent)}
    return None


def to_confirm(agent: User) -> list[Row]:
    """Return the proposals that another person waits for."""
    found = Nomination.objects.waiting().exclude(person=agent).select_related("person", "proposed_by", "organisation")
    return [
        {
            "label": _("%(name)s : %(role)s") % {"name": one.person.name, "role": one.role_words},
            "text": _proposed(one),
            "href": reverse("nomination", args=[one.pk]),
        }
        for one in found
    ]


def decisions(agent: User) -> list[Row]:
    """Return the proposals of settings, with a link for those that the agent may decide."""
    since = timezone.now() - city_decisions.WAITS
    rows = []
    for one in CityDecision.objects.waiting(since).select_related("proposed_by").order_by("proposed_at"):
        row = {"label": _sentence(one), "text": _by(one.proposed_by)}
        if one.proposed_by == agent:
            row |= {"tag": _("Attend une autre personne"), "tag_kind": "soon"}
        else:
            row |= {"href": reverse("city_decision", args=[one.pk])}
        rows.append(row)
    return rows


def decision(found: CityDecision) -> list[Row]:
    rows = [
        {"key": _("Ce qui changerait"), "value": _sentence(found)},
        {"key": _("Proposé"), "value": _by_address(found.proposed_by)},
        *_refused(found),
    ]
    if found.what in {What.EMERGENCY, What.DAYS}:
        return [*rows, {"key": _("Ce que les habitants lisent"), "value": _public(found)}]
    if found.what == city_decisions.LEGAL_PAGE:
        return rows
    return [*rows, *_changes(found)]


def _changes(found: CityDecision) -> list[Row]:
    """Return what each column is today and would be."""
    setting = city_decisions.setting_of(found)
    now, after = setting.read(found.subject), found.value
    if setting.labels and not isinstance(after, dict):
        return []  # of before the setting had several columns: it has moved
    if not setting.labels:
        said = setting.words or _plain
        return [{"key": _("Aujourd’hui"), "value": said(now)}, {"key": _("Ensuite"), "value": said(after)}]
    rows = []
    for name, label in setting.labels.items():
        said = setting.says.get(name, _plain)
        if name in after and after[name] == now[name]:
            rows.append({"key": _capital(str(label)), "value": said(now[name])})
        elif name in after:
            of = {"label": _capital(str(label))}
            rows.append({"key": _("%(label)s, aujourd’hui") % of, "value": said(now[name])})
            rows.append({"key": _("%(label)s, ensuite") % of, "value": said(after[name])})
    return rows


def _refused(found: CityDecision) -> list[Row]:
    """Return what was refused lately of the same setting, by whom and when."""
    rows = []
    before = CityDecision.objects.refused_before(found, timezone.now() - LATELY)
    for one in before:
        value = ""
        if one.what in {What.EMERGENCY, What.DAYS}:
            value = _sentence(one)
        elif one.what != city_decisions.LEGAL_PAGE:
            value = _value(one)
        who = _by_on(one.decided_by, one.decided_at)
        rows.append({"key": _("Déjà refusé"), "value": f"{value}, {who}" if value else who})
    return rows


def _value(found: CityDecision) -> str:
    """Return what was proposed in one line."""
    setting = city_decisions.setting_of(found)
    if not setting.labels or not isinstance(found.value, dict):
        return (setting.words or _plain)(found.value)
    named = [(name, str(label)) for name, label in setting.labels.items() if name in found.value]
    return ", ".join(f"{label} {setting.says.get(name, _plain)(found.value[name])}" for name, label in named)


def text(found: CityDecision) -> dict[str, str] | None:
    """Return the words of a legal page that is proposed, in both languages; None for another setting."""
    if found.what != city_decisions.LEGAL_PAGE:
        return None
    return {**city_decisions.setting_of(found).read(found.subject), **found.value}


def logos(found: CityDecision) -> list[dict[str, str]]:
    """Return the logos of today and of then, as a page draws them; none for another setting."""
    if found.what != LOGO:
        return []
    now = city_decisions.setting_of(found).read(found.subject)
    drawn = [(_("Aujourd’hui"), now), (_("Ensuite"), found.value)]
    return [
        {"label": label, "src": f"data:{value['logo_type']};base64,{value['logo']}"}
        for label, value in drawn
        if value["logo"]
    ]


def named(*, links: bool) -> list[Row]:
    """Return the agents named to a role, each with what still lacks."""
    rows = []
    standing = list(Nomination.objects.standing().select_related("person", "organisation").order_by("person__name"))
    seen, city = two_persons.were_set_up_in_presence(standing), City.current()
    for one in standing:
        tag, kind = _state(one, city, seen=one.pk in seen)
        who = f"{one.person.name}, {one.employer}" if one.employer else one.person.name
        row = {"label": who, "text": _capital(one.role_words) + ".", "tag": tag, "tag_kind": kind}
        rows.append(row | ({"href": reverse("nomination", args=[one.pk])} if links else {}))
    return rows


def rows(one: Nomination) -> list[Row]:
    """Return the facts of a nomination, for its own page."""
    found = [
        (_("Agent"), one.person.name),
        (_("Employeur"), one.employer or City.current().label),
        (_("Rôle"), one.role_words),
        (_("Proposé"), _proposed(one)),
        (_("État"), _state_now(one) if one.confirmed_at else _("Attend une autre personne")),
    ]
    if one.confirmed_at is None:
        before = Nomination.objects.refused_before(one, timezone.now() - LATELY)
        found += [(_("Déjà refusé"), _by_on(ended.ended_by, ended.ended_at)) for ended in before]
    return [{"key": key, "value": value} for key, value in found]


def settings() -> list[Row]:
    city = City.current()
    days = ngettext("%(count)s jour", "%(count)s jours", city.days_before_deciding)
    return [
        {"key": _("Accès d’urgence"), "value": _("activé") if city.emergency_access else _("non activé")},
        {"key": _("Avant de décider à deux"), "value": days % {"count": city.days_before_deciding}},
    ]


def follows_end(one: Nomination) -> list[str]:
    """Return what the end of a nomination brings about."""
    if one.confirmed_at is None:
        return [_("La proposition est retirée. Rien d’autre ne change.")]
    return [
        _("%(name)s n’a plus ce rôle, tout de suite.") % {"name": one.person.name},
        _("Le redonner prend deux personnes, et plusieurs jours."),
    ]


def _state_now(one: Nomination) -> str:
    return _state(one, City.current(), seen=one.pk in two_persons.were_set_up_in_presence([one]))[0]


def _state(one: Nomination, city: City, *, seen: bool) -> tuple[str, str]:
    if not seen:
        return _("Double vérification à régler devant quelqu’un"), "soon"
    counts = two_persons.counts_from(one, city)
    if counts > timezone.now():
        return _("Compte à partir du %(day)s") % {"day": long_date(counts)}, "soon"
    office = {Role.OFFICE: _("Décide dans ce service"), Role.EXAMINER: _("Étudie dans ce service")}
    return office.get(Role(one.role), _("Peut décider à deux")), "fresh"


def _proposed(one: Nomination) -> str:
    return _by_on(one.proposed_by, one.proposed_at)


def _by_on(person: User | None, when: datetime | None) -> str:
    by = f"{person.name}, {person.email}" if person else _("l’exploitant du serveur")
    return _("par %(name)s, le %(day)s") % {"name": by, "day": long_date(when) if when else "–"}


def _by(person: User) -> str:
    return _("par %(name)s") % {"name": person.name}


def _by_address(person: User) -> str:
    """Return who proposes, with their address: a name alone may be like a colleague's."""
    return _("par %(name)s, %(email)s") % {"name": person.name, "email": person.email}


def _sentence(one: CityDecision) -> str:
    if one.what == What.EMERGENCY:
        return _("Activer l’accès d’urgence")
    if one.what != What.DAYS:
        name = city_decisions.name_of(one)
        return _("Changer : %(what)s") % {"what": name}
    days = ngettext("%(count)s jour", "%(count)s jours", one.value) % {"count": one.value}
    return _("Attendre %(days)s dans le rôle avant de décider à deux") % {"days": days}


def _public(one: CityDecision) -> str:
    if one.what == What.EMERGENCY:
        return _("« Activé le %(day)s à %(hour)s, par deux personnes », sur la page des engagements.") % {
            "day": long_date(timezone.now()),
            "hour": clock(timezone.now()),
        }
    return _("Le nombre de jours, sur la page des engagements.")


def _plain(value: object) -> str:
    """Return a text in one line, several texts in one, or yes or no; a dash for none."""
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or "–"
    return " ".join(str(value or "").split()) or "–"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
