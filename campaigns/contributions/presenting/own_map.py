"""The resident's own trips on the map of a consultation's zones: drawn for their page, kept nowhere."""

from collections import Counter
from dataclasses import dataclass

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from campaigns.contributions.offer import Offer
from campaigns.noise.plan import Dimension, Plan
from campaigns.noise.rows import zone_indices
from campaigns.plans.values import values_of
from core.pages import maps
from core.pages.maps import Flow, Map

#: Pairs of zones told in words under the map.
TOLD = 5


@dataclass(frozen=True)
class OwnMap:
    drawing: Map
    caption: str
    lines: list[str]


def of(plan: Plan, offer: Offer) -> OwnMap | None:
    """Return the map of the trips that the resident left in, or None without trips between zones that have shapes."""
    pairs = [one for one in plan.dimensions if one.kind == "zone_pair" and one.source and one.to]
    if not pairs or plan.zoning is None or pairs[0].code in offer.without.columns:
        return None
    dimension, language = pairs[0], get_language() or "fr"
    zones = plan.zoning.at_level(dimension.level)
    names = {zone.code: zone.label.in_language(language) for zone in zones}
    shapes = [maps.Zone(zone.code, names[zone.code], zone.geometry) for zone in zones]
    counted = _pairs(plan, dimension, offer)
    arrows = [Flow(start, end, times, str(times), is_subject=True) for (start, end), times in counted if start != end]
    if not arrows or not maps.can_draw(shapes):
        return None
    lines = [_line(names[start], names[end], times) for (start, end), times in counted[:TOLD]]
    title = _("Vos trajets, vus par vous seul")
    drawing = maps.flows(zones=shapes, arrows=arrows, title=title, description=" ".join(lines))
    caption = _("Le nombre de trajets reste dans votre coffre : seul leur départ et leur arrivée partiraient.")
    return OwnMap(drawing, caption, lines)


def _pairs(plan: Plan, dimension: Dimension, offer: Offer) -> list[tuple[tuple[str, str], int]]:
    """Return how many trips go from one zone to another, most frequent first."""
    assert plan.zoning is not None  # noqa: S101 - a plan without zoning has no such dimension
    kept = [one for one in offer.records if one.record_id not in offer.without.records]
    source, to = dimension.source or "", dimension.to or ""
    values, indices = values_of((source, to), kept), zone_indices(plan.zoning, dimension.level)
    codes = [zone.code for zone in plan.zoning.at_level(dimension.level)]
    both = [
        (indices.get(str(one)), indices.get(str(other))) for one, other in zip(values[source], values[to], strict=True)
    ]
    found = Counter((codes[one], codes[other]) for one, other in both if one is not None and other is not None)
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _line(start: str, end: str, times: int) -> str:
    said = {"start": start, "end": end, "count": times}
    text = ngettext("%(start)s → %(end)s : %(count)s trajet.", "%(start)s → %(end)s : %(count)s trajets.", times)
    return text % said
