"""Constructors of `Reason`: one per kind of condition."""

from services.aids.household import Person
from services.aids.reasons.common import YEARS, Context, Law, Reason, euros

Keys = tuple[str, ...]


def condition(
    met: bool | None,
    *,
    yes: str,
    no: str,
    unknown: str = "",
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
    law: Law | None = None,
    keys: Keys = (),
) -> Reason:
    """Build a reason with the text of its outcome: `yes`, `no`, or `unknown` if `met` is None."""
    text = unknown if met is None else yes if met else no
    return Reason(text=text, ok=met, value=value, limit=limit, unit=unit, law=law, keys=keys)


def refusal(
    text: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
    law: Law | None = None,
    keys: Keys = (),
) -> Reason:
    """Build a condition that is not met."""
    return Reason(text=text, ok=False, value=value, limit=limit, unit=unit, law=law, keys=keys)


def needs_more(text: str, *, law: Law | None = None, keys: Keys = ()) -> Reason:
    """Build a condition that cannot be decided without another value."""
    return Reason(text=text, ok=None, law=law, keys=keys)


def age_between(
    context: Context, person: Person, *, text: str, path: str, least: int = 0, most: int | None = None
) -> Reason:
    """Build a condition on age, both ends included. `text` takes %(age)s; `path` is the parameter that holds the
    limit.
    """
    age = person.age(context.month)
    too_old = most is not None and age > most
    return Reason(
        text=text % {"age": age},
        ok=age >= least and not too_old,
        value=age,
        limit=most if too_old else least,
        unit=YEARS,
        law=context.law(path),
        keys=(person.key("birth_date"),),
    )


def resources_under(limit: float, *, have: float, unit: str, under: str, over: str, law: Law, keys: Keys) -> Reason:
    """Build a condition on resources, met up to `limit` to the cent. Its texts take %(have)s, %(limit)s, %(gap)s."""
    ok = round(have, 2) <= round(limit, 2)
    words = {"have": euros(have), "limit": euros(limit), "gap": euros(abs(have - limit))}
    return Reason(
        text=(under if ok else over) % words,
        ok=ok,
        value=round(have, 2),
        limit=round(limit, 2),
        unit=unit,
        law=law,
        keys=keys,
    )
