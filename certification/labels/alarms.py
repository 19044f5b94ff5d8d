"""Which criteria the daily checks of a label tell agents of. Nothing else follows: two agents decide what to do."""

from certification.labels.models import CheckRun
from vault.records.enums import Outcome

#: A fault is told once it was seen so many days in a row.
IN_A_ROW = 3
#: Except these, told on the first day: nothing protects what is read.
AT_ONCE = frozenset(
    {"answer_expired", "answer_certificate", "page_gone", "policy_changed", "siret_closed", "company_closed"}
)


def alarming(run: CheckRun) -> list[str]:
    """Return the criteria whose failure is to be told today: of the third day, or of the first for some findings."""
    daily = CheckRun.objects.done().filter(request=run.request, why=CheckRun.Why.DAILY)
    days = [
        {one.code: one.finding for one in day.results.all() if one.outcome == Outcome.FAILED}
        for day in daily.prefetch_related("results")[: IN_A_ROW + 1]
    ]
    if not days:
        return []
    today, before = days[0], days[1:]
    found = []
    for code, finding in sorted(today.items()):
        in_a_row = next((count for count, day in enumerate(before, 1) if code not in day), len(days))
        if in_a_row == IN_A_ROW or (finding in AT_ONCE and not (before and before[0].get(code) == finding)):
            found.append(code)
    return found
