"""The words of the pages of decisions that take two persons."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import two_persons
from accounts.actions import city_decisions
from accounts.models import CityDecision, Nomination, User
from accounts.two_persons import DECIDING
from core.models import City
from core.templatetags.civic import clock, long_date

What = CityDecision.What
Row = dict[str, str]


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


def to_confirm(agent: User) -> list[Row]:
    """Return the proposals that another person waits for."""
    found = Nomination.objects.waiting().exclude(person=agent).select_related("person", "proposed_by")
    return [
        {
            "label": _("%(name)s : %(role)s") % {"name": one.person.name, "role": one.get_role_display()},
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
    return [
        {"key": _("Ce qui changerait"), "value": _sentence(found)},
        {"key": _("Proposé"), "value": _by(found.proposed_by)},
        {"key": _("Ce que les habitants lisent"), "value": _public(found)},
    ]


def named(*, links: bool) -> list[Row]:
    """Return the agents named to a role, each with what still lacks."""
    rows = []
    standing = list(Nomination.objects.standing().select_related("person").order_by("person__name"))
    seen, city = two_persons.were_set_up_in_presence(standing), City.current()
    for one in standing:
        tag, kind = _state(one, city, seen=one.pk in seen)
        who = f"{one.person.name}, {one.employer}" if one.employer else one.person.name
        row = {"label": who, "text": str(one.get_role_display()).capitalize() + ".", "tag": tag, "tag_kind": kind}
        rows.append(row | ({"href": reverse("nomination", args=[one.pk])} if links else {}))
    return rows


def rows(one: Nomination) -> list[Row]:
    """Return the facts of a nomination, for its own page."""
    found = [
        (_("Agent"), one.person.name),
        (_("Employeur"), one.employer or City.current().label),
        (_("Rôle"), str(one.get_role_display())),
        (_("Proposé"), _proposed(one)),
        (_("État"), _state_now(one) if one.confirmed_at else _("Attend une autre personne")),
    ]
    return [{"key": key, "value": value} for key, value in found]


def settings() -> list[Row]:
    city = City.current()
    days = ngettext("%(count)s jour", "%(count)s jours", city.days_in_role)
    return [
        {"key": _("Accès d’urgence"), "value": _("activé") if city.offers_emergency_access else _("non activé")},
        {"key": _("Avant de décider à deux"), "value": days % {"count": city.days_in_role}},
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
    return _("Peut décider à deux"), "fresh"


def _proposed(one: Nomination) -> str:
    by = one.proposed_by.name if one.proposed_by else _("l’exploitant du serveur")
    return _("par %(name)s, le %(day)s") % {"name": by, "day": long_date(one.proposed_at)}


def _by(person: User) -> str:
    return _("par %(name)s") % {"name": person.name}


def _sentence(one: CityDecision) -> str:
    if one.what == What.EMERGENCY:
        return _("Activer l’accès d’urgence")
    days = ngettext("%(count)s jour", "%(count)s jours", one.value) % {"count": one.value}
    return _("Attendre %(days)s dans le rôle avant de décider à deux") % {"days": days}


def _public(one: CityDecision) -> str:
    if one.what == What.EMERGENCY:
        return _("« Activé le %(day)s à %(hour)s, par deux personnes », sur la page des engagements.") % {
            "day": long_date(timezone.now()),
            "hour": clock(timezone.now()),
        }
    return _("Le nombre de jours, sur la page des engagements.")
