"""Compute the aids of a household in one vectorised run: amounts, statuses, reasons and open questions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.translation import gettext as _

from services.aids import benefits, reasons
from services.aids.asking import questions, variants
from services.aids.asking.variants import Plan, Question
from services.aids.benefits import Benefit
from services.aids.engine import run as engine
from services.aids.household import Household
from services.aids.reasons.common import Context, Explanation, Reason
from services.aids.results import sweep

ELIGIBLE: Final = "eligible"
NOT_ELIGIBLE: Final = "not_eligible"
UNKNOWN: Final = "unknown"
# Questions about derived values: they hide a figure only if the answer changes the aid.
COMPLETED: Final = frozenset({"mois"})
QUESTIONS_KEPT: Final = 3
SAME: Final = 0.5  # euros: smaller differences between two answers are ignored


#: The open questions of a household, and the rows to run for it.
Planned = tuple[list[Question], Plan]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that affects a result. `most` is the largest difference, in the unit of that aid."""

    question: Question
    most: float
    unit: str
    codes: tuple[str, ...]


@dataclass(slots=True)
class Result:
    benefit: Benefit
    status: str
    amount: float
    low: float
    high: float
    explanation: Explanation
    received: float | None
    receiving: bool = False
    price: float = 0.0
    asks: list[Question] = field(default_factory=list)

    @property
    def code(self) -> str:
        return self.benefit.code

    @property
    def exact(self) -> bool:
        return self.high - self.low < SAME

    @property
    def claimable(self) -> bool:
        """Return True if the aid is due and not known to be received."""
        return self.status == ELIGIBLE and not self.receiving

    @property
    def sentence(self) -> str:
        """Return the reason displayed beside the name."""
        if self.status == ELIGIBLE:
            return self.explanation.yes
        if self.status == UNKNOWN and self.asks:
            return _missing(self.asks)
        waiting = self.explanation.open if self.status == UNKNOWN else self.explanation.failed
        return waiting[0].text if waiting else _("Il manque une réponse pour le savoir.")


@dataclass(slots=True)
class Results:
    household: Household
    month: str
    results: list[Result]
    asked: list[Asked]
    open: list[Question]
    run: engine.Run
    # The amounts of each combination of answers, the assumed one first.
    amounts: list[dict[str, float]]

    def get(self, code: str) -> Result:
        return next(result for result in self.results if result.code == code)

    def of(self, status: str) -> list[Result]:
        return [result for result in self.results if result.status == status]

    @property
    def claims(self) -> list[Result]:
        """Return the claimable aids: the largest amounts first, then the rights without money."""
        order = {benefits.MONTH: 12, benefits.YEAR: 1, benefits.ONCE: 1}
        found = [result for result in self.results if result.claimable]
        return sorted(found, key=lambda result: (not result.benefit.money, -result.low * order[result.benefit.unit]))

    @property
    def received(self) -> list[Result]:
        return [result for result in self.results if result.receiving]

    @property
    def knows_received(self) -> bool:
        return self.household.benefits is not None

    @property
    def may_grow(self) -> bool:
        """Return True if an answer could raise the totals, which count the lowest amount of each aid."""
        return any(not result.exact for result in self.claims if result.benefit.in_total)

    @property
    def possible(self) -> list[Result]:
        """Return the aids that some answer to the open questions would give."""
        return [result for result in self.results if result.high > 0 and not result.receiving]

    def span(self, unit: str) -> tuple[float, float]:
        """Return the least and the most euros due and not received in one unit, over the answers still open.

        Each combination of answers is summed apart: two aids that exclude each other never add up.
        """
        counted = [
            result.code
            for result in self.results
            if result.benefit.unit == unit and result.benefit.in_total and not result.receiving
        ]
        totals = [sum(row[code] for code in counted) for row in self.amounts]
        return round(min(totals), 2), round(max(totals), 2)

    def total(self, unit: str) -> float:
        """Return the euros due and not received, in one unit."""
        return round(
            sum(result.low for result in self.claims if result.benefit.unit == unit and result.benefit.in_total), 2
        )


def plan(household: Household, combined: int = variants.PRODUCT) -> Planned:
    """Return the open questions of a household, and the rows to run for it; `combined` as in `compute`."""
    waiting = questions.open_questions(household)
    return waiting, variants.plan(household, waiting, combined)


def compute(
    household: Household,
    *,
    stock: bool = False,
    combined: int = variants.PRODUCT,
    runs: Callable[[Sequence[Household]], engine.Run] | None = None,
    explained: bool = True,
    planned: Planned | None = None,
) -> Results:
    """Run the household, with one row for each combination of possible answers to its questions.

    Args:
        combined: most rows that combine answers; fewer make a shorter run, whose ranges may miss a rare combination.
        planned: what `plan` returned for this household, if the caller has run its rows already.
        runs: gives the run of these rows, instead of the engine.
        explained: False leaves the reasons out, which are most of the time of a run that is shared. Then an aid of no
            euros is never unknown for an open condition alone.

    Raises:
        NotKept: the run that `runs` gave has not all that explains the results.
    """
    waiting, rows = planned or plan(household, combined)
    run = runs(rows.households) if runs else engine.run(rows.households, stock=stock)
    contexts = [Context(run, row, stock) for row in range(len(rows.households))]
    amounts = [{benefit.code: reasons.amount_of(context, benefit) for benefit in benefits.ALL} for context in contexts]
    asked = _asked(waiting, rows, amounts)
    context = Context(run, 0, stock, household)
    explain = reasons.explain if explained else _unexplained
    results = [
        _result(context, benefit, amounts=amounts, waiting=waiting, asked=asked, explain=explain)
        for benefit in benefits.ALL
    ]
    return Results(
        household, month=household.month, results=results, asked=asked, open=waiting, run=run, amounts=amounts
    )


def amounts_of(households: Sequence[Household]) -> list[dict[str, float]]:
    """Return the amount of each aid for each of these complete households, in one run."""
    run = engine.run(households)
    contexts = [Context(run, row) for row in range(len(households))]
    return [{benefit.code: reasons.amount_of(context, benefit) for benefit in benefits.ALL} for context in contexts]


def _asked(waiting: Sequence[Question], rows: Plan, amounts: Sequence[Mapping[str, float]]) -> list[Asked]:
    found = []
    for index, question in enumerate(waiting):
        groups = list(variants.neighbours(rows, index))
        gaps = {benefit.code: _gap(groups, amounts, benefit.code) for benefit in benefits.ALL}
        changed = {code: gap for code, gap in gaps.items() if gap >= SAME}
        if changed:
            code = max(
                changed,
                key=lambda code: (
                    changed[code]
                    * (12 if benefits.BY_CODE[code].unit == benefits.MONTH else 1)
                    * benefits.BY_CODE[code].money
                ),
            )
            money = changed[code] if benefits.BY_CODE[code].money else 0.0
            found.append(Asked(question, round(money, 2), benefits.BY_CODE[code].unit, tuple(changed)))
    return sorted(found, key=lambda asked: -asked.most * (12 if asked.unit == benefits.MONTH else 1))


def _gap(groups: Sequence[Sequence[int]], amounts: Sequence[Mapping[str, float]], code: str) -> float:
    return max(
        (max(amounts[row][code] for row in rows) - min(amounts[row][code] for row in rows) for rows in groups),
        default=0.0,
    )


def _result(
    context: Context,
    benefit: Benefit,
    *,
    amounts: Sequence[Mapping[str, float]],
    waiting: Sequence[Question],
    asked: Sequence[Asked],
    explain: Callable[[Context, str], Explanation],
) -> Result:
    found = [row[benefit.code] for row in amounts]
    low, high = min(found), max(found)
    effective = [one.question for one in asked if benefit.code in one.codes]
    explanation = _hide(
        explain(context, benefit.code),
        [one for one in waiting if one in effective or one.key not in COMPLETED],
    )
    received = _received(context.household, benefit)
    receiving = bool(received) or bool(context.household.receives & set(benefit.received_as))
    return Result(
        benefit,
        status=_status(low, high, explanation),
        amount=found[0],
        low=low,
        high=high,
        explanation=explanation,
        received=received,
        receiving=receiving,
        price=_price(context, benefit),
        asks=effective,
    )


def _unexplained(_context: Context, code: str) -> Explanation:
    return Explanation(code)


def _status(low: float, high: float, explanation: Explanation) -> str:
    """Return the status; no amount and no failed condition is unknown as long as a condition is open."""
    if low > 0:
        return ELIGIBLE
    open_only = bool(explanation.open) and not explanation.failed
    return NOT_ELIGIBLE if high == 0 and not open_only else UNKNOWN


def _price(context: Context, benefit: Benefit) -> float:
    """Return the monthly price of the complementary health cover, 0 where it is free."""
    if benefit.code != "c2s" or context.amount("cmu_c"):
        return 0.0
    return context.amount("css_participation_forfaitaire")


def _received(household: Household, benefit: Benefit) -> float | None:
    """Return the euros received each month, or None if the vault gives no amount."""
    paid = round(sum(paid.monthly for paid in household.benefits or () if paid.type in benefit.received_as), 2)
    if not paid and (household.benefits is None or household.receives & set(benefit.received_as)):
        return None
    return paid


def _hide(explanation: Explanation, waiting: Sequence[Question]) -> Explanation:
    """Mark each condition that reads an assumed value as unknown, and remove the figures that depend on one."""
    kept: list[Reason] = []
    for reason in explanation.reasons:
        missing = [question for question in waiting if any(questions.is_asked([question], key) for key in reason.keys)]
        kept.append(
            replace(reason, ok=None, value=None, text=_missing(missing))
            if missing and reason.ok is not None
            else reason
        )
    hidden = [figure for figure in explanation.figures if figure.key and questions.is_asked(waiting, figure.key)]
    explanation.reasons = kept
    if hidden or any(reason.ok is None and reason.limit is not None for reason in kept):
        explanation.figures = [figure for figure in explanation.figures if figure not in hidden and figure.key]
        explanation.threshold = None
    return explanation


def _missing(waiting: Sequence[Question]) -> str:
    return _("Il nous manque votre réponse : %(question)s") % {"question": waiting[0].text}


def break_even(results: Results, code: str, *, stock: bool = False) -> sweep.BreakEven | None:
    """Return the incomes at which the aid starts or stops, after two vectorised runs."""
    base = variants.assume(results.household, results.open)
    return sweep.find(base, lambda context: reasons.amount_of(context, benefits.BY_CODE[code]), stock=stock)


Source = Callable[[str, tuple[str, str] | None], str | None]


def payload(results: Results, *, fingerprint: str, used: Iterable[str], source: Source) -> dict[str, Any]:
    """Return the results as a calcul.resultat payload, which dossiers read without the engine."""
    return {
        "periode": results.month,
        "moteur": engine.versions(),
        "empreinte": fingerprint,
        "resultats": [_kept(result, source) for result in results.results],
        "recues_connues": results.knows_received,
        "questions": [_kept_question(asked) for asked in results.asked[:QUESTIONS_KEPT]],
        "entrees": [{"record_id": record} for record in sorted(set(used))],
    }


def _kept(result: Result, source: Source) -> dict[str, Any]:
    return {
        "code": result.code,
        "titre": str(result.benefit.title),
        "montant": f"{result.low:.2f}" if result.benefit.money and result.status == ELIGIBLE else None,
        "au_moins": not result.exact,
        "unite": result.benefit.unit,
        "statut": result.status,
        "recue": result.receiving,
        "raisons": [_kept_reason(reason, result.explanation, source) for reason in result.explanation.reasons],
    }


def _kept_question(asked: Asked) -> dict[str, Any]:
    kept = {"place": asked.question.place, "texte": asked.question.text, "unite": asked.unit}
    return kept | {"gain": f"{asked.most:.2f}"} if asked.most else kept


def _kept_reason(reason: Reason, explanation: Explanation, source: Source) -> dict[str, Any]:
    return {
        "texte": reason.text,
        "valeur": reason.value,
        "seuil": reason.limit,
        "unite": reason.unit,
        "ok": reason.ok,
        "loi": reason.law.title if reason.law else None,
        "lien": reason.law.link if reason.law else None,
        "source_record": next((found for key in reason.keys if (found := source(key, explanation.span(key)))), None),
    }
