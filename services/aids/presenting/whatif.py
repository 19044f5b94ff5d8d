"""Put a change tried into words: the choices, the amounts before and after, and when the law sees the change."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.pages import charts
from core.templatetags.civic import money, nbsp
from core.templatetags.civic import month as month_words
from services.aids import benefits
from services.aids.actions.whatif import Amounts, Offered, Tried
from services.aids.benefits import BY_CODE, Benefit
from services.aids.household import months
from services.aids.presenting.results import euros, unit_words
from services.aids.trials import MONTHS, Trial

#: When the table looks: this month, once the quarter's three months are over, a year later.
LOOKED_AT: Final = (0, 4, MONTHS)
QUARTER: Final = frozenset({"rsa", "prime_activite"})
YEAR: Final = frozenset({"aide_logement", "c2s"})
BEFORE_LAST: Final = frozenset(
    {"af", "cf", "ars", "paje_base", "paje_naissance", "bourse_college", "bourse_lycee", "cheque_energie"}
)
SAME: Final = 0.5


def choices(found: Offered) -> dict[str, Any]:
    return {"groups": list(_groups(found.trials, "")), "supposed": found.supposed}


def _groups(offered: Sequence[Trial], chosen: str) -> Iterator[dict[str, Any]]:
    titles = {
        "income": _("Mes revenus changent"),
        "job": _("Mon travail change"),
        "birth": _("Un enfant naît"),
        "move": _("Je déménage"),
        "separation": _("Nous nous séparons"),
        "retirement": _("Je prends ma retraite"),
    }
    for group, title in titles.items():
        links = [
            {"href": reverse("aids:what_if_result", args=[one.code]), "label": sentence(one)}
            for one in offered
            if one.group == group and one.code != chosen
        ]
        if links:
            yield {"code": group, "title": title, "links": links}


def sentence(trial: Trial) -> str:
    """Return a change in a few words."""
    words = {
        "naissance": _("Un enfant de plus"),
        "separation": _("Sans votre conjoint"),
        "emploi-perdu": _("Emploi perdu, avec %(amount)s d’allocation chômage"),
        "emploi-temps-plein": _("Un emploi à temps plein, %(amount)s net par mois"),
        "emploi-mi-temps": _("Un emploi à mi-temps, %(amount)s net par mois"),
        "logement-social": _("Un logement social, au même loyer"),
        "heberge": _("Chez quelqu’un, sans loyer"),
    }
    of_group = {
        "income": _("%(percent)s de revenus"),
        "move": _("%(more)s de loyer"),
        "retirement": _("Une retraite de %(share)s de vos revenus"),
    }
    text = words.get(trial.code) or of_group[trial.group]
    if trial.code.startswith("location-"):
        text = _("Une location à %(amount)s")
    sign = "+" if trial.value > 0 else "−"
    values = {
        "amount": money(round(abs(trial.value))),
        "percent": f"{sign}{abs(trial.value):.0f} %",
        "share": f"{abs(trial.value):.0f} %",
        "more": f"{sign}{money(abs(trial.value))}",
    }
    return str(nbsp(text % values))


def result(found: Tried) -> dict[str, Any]:
    month = found.offered.household.month
    totals = [_total(row) for row in found.after]
    before, after = _total(found.before[-1]), totals[-1]
    return {
        "title": sentence(found.trial),
        "headline": _headline(before, after),
        "chart": _chart(_total(found.before[0]), totals, month),
        "finding": _finding(_total(found.before[0]), totals, month),
        "sums": _sums(found, before, after),
        "table": _table(found, month),
        "beside": list(_rights(found)),
        "groups": list(_groups(found.offered.trials, found.trial.code)),
        "supposed": found.offered.supposed,
    }


def _counts(benefit: Benefit) -> bool:
    return benefit.in_total and benefit.unit == benefits.MONTH


def _total(row: Amounts) -> float:
    return round(sum(amount for code, amount in row.items() if _counts(BY_CODE[code])), 2)


def signed(amount: float) -> str:
    sign = "+" if amount >= SAME else "−" if amount <= -SAME else ""
    return f"{sign}{euros(abs(amount))}"


def _headline(before: float, after: float) -> dict[str, str]:
    words = {"before": euros(before), "after": euros(after)}
    text = _("Vos aides passeraient de %(before)s à %(after)s par mois, dans un an.") % words
    if abs(after - before) < SAME:
        text = _("Vos aides resteraient de %(before)s par mois.") % words
    return {
        "title": _("Vos aides"),
        "number": signed(after - before),
        "unit": _("par mois"),
        "text": nbsp(f"{text} {_('Ce sont des estimations, pas des décisions : l’organisme décide.')}"),
    }


def month_label(month: str) -> str:
    return date_format(date.fromisoformat(f"{month}-01"), "M Y")


def _chart(today: float, totals: Sequence[float], month: str) -> charts.Chart:
    bars = [charts.Bar(_("Avant"), today, "c5")]
    bars += [
        charts.Bar(date_format(date.fromisoformat(f"{months.shift(month, by)}-01"), "M"), total)
        for by, total in enumerate(totals)
    ]
    return charts.columns(
        items=bars,
        show=lambda value: euros(float(value)),
        title=_("Vos aides de chaque mois, après le changement"),
        value_head=_("Aides"),
    )


def _finding(today: float, totals: Sequence[float], month: str) -> str:
    """Return when the amounts settle, in one sentence."""
    last = totals[-1]
    settled = next(by for by in range(len(totals)) if all(abs(one - last) < SAME for one in totals[by:]))
    if settled == 0:
        return str(nbsp(_("Le changement compte en entier dès ce mois-ci.") if abs(last - today) >= SAME else ""))
    return str(
        nbsp(
            _("La loi regarde vos derniers mois : vos aides bougent jusqu’en %(month)s.")
            % {"month": month_words(months.shift(month, settled))}
        )
    )


def _sums(found: Tried, before: float, after: float) -> dict[str, Any]:
    lines = [(_("Vos revenus nets"), *found.incomes), (_("Vos aides"), before, after)]
    if found.rents[0] != found.rents[1]:
        lines.append((_("Votre loyer"), -found.rents[0], -found.rents[1]))
    lines.append((_("Ensemble"), sum(line[1] for line in lines), sum(line[2] for line in lines)))
    heads = [
        {"label": _("Par mois")},
        {"label": _("Avant"), "num": True},
        {"label": _("Dans un an"), "num": True},
        {"label": _("Différence"), "num": True},
    ]
    rows = [[label, _plain(first), _plain(last), signed(last - first)] for label, first, last in lines]
    return {"heads": heads, "rows": rows}


def _plain(amount: float) -> str:
    return euros(amount) if amount >= 0 else f"−{euros(-amount)}"


def _table(found: Tried, month: str) -> dict[str, Any] | None:
    heads: list[dict[str, object]] = [{"label": _("Aide")}, {"label": _("Avant"), "num": True}]
    heads += [{"label": month_label(months.shift(month, by)), "num": True} for by in LOOKED_AT]
    heads.append({"label": _("Ce que la loi regarde")})
    rows = [
        [
            str(benefit.title),
            euros(found.before[0][benefit.code]),
            *(euros(found.after[by][benefit.code]) for by in LOOKED_AT),
            looks_at(benefit.code),
        ]
        for benefit in benefits.ALL
        if _counts(benefit) and _moves(found, benefit.code)
    ]
    return {"heads": heads, "rows": rows} if rows else None


def _moves(found: Tried, code: str) -> bool:
    return any(row[code] >= SAME for row in (*found.before, *found.after))


def looks_at(code: str) -> str:
    """Return which months decide an aid."""
    if code in QUARTER:
        return _("Les mois M-4 à M-2, revus tous les trois mois")
    if code in YEAR:
        return _("Douze mois, jusqu’à l’avant-dernier")
    if code in BEFORE_LAST:
        return _("L’avant-dernière année : le revenu compte dans deux ans")
    return _("Le mois même, ou la décision d’un organisme")


def _rights(found: Tried) -> Iterator[dict[str, Any]]:
    """Yield what changes besides monthly money: yearly amounts, what is paid once, rights without an amount."""
    for benefit in benefits.ALL:
        if _counts(benefit):
            continue
        before, after = found.before[-1][benefit.code], found.after[-1][benefit.code]
        after = max(after, found.once.get(benefit.code, 0.0))
        if abs(after - before) < SAME:
            continue
        yield {"label": str(benefit.title), "text": _right_words(benefit, before, after), "tag": _tag(before, after)}


def _right_words(benefit: Benefit, before: float, after: float) -> str:
    if not benefit.money:
        return _("Le droit s’ouvrirait.") if after else _("Le droit s’arrêterait.")
    words = {"before": euros(before), "after": euros(after), "unit": unit_words(benefit.unit)}
    return str(nbsp(_("%(before)s devient %(after)s %(unit)s.") % words))


def _tag(before: float, after: float) -> str:
    return _("En plus") if after > before else _("En moins")
