"""Read incomes, tax notices and received benefits from the vault. Missing values stay unknown."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from services.aids.asking.changes import ratios, spanning
from services.aids.household import Household, Income, PaidBenefit, Person, TaxNotice, months
from vault.records.values.decrypted import Opened, Values
from vault.types.spans import read_day

#: Type, month, net, taxable, gross, and the record that says so.
IncomeLine = tuple[str, str, float, float | None, float | None, Opened]

NATURE: Final = {
    "retraite": "pension",
    "pension_invalidite": "disability_pension",
    "pension_alimentaire_recue": "alimony_received",
    "indemnites_journalieres": "sick_pay",
    "apprentissage": "apprentice_pay",
    "stage": "internship",
    "micro_entreprise": "micro_turnover_profit",
    "loyers_percus": "rents",
}
# Words of the CAF's payment statements -> benefit. The first match wins.
PAID_LABELS: Final = (
    ("rsa", "rsa"),
    ("revenu de solidarité", "rsa"),
    ("prime d", "ppa"),
    ("allocation de logement", "aide_logement"),
    ("aide personnalisée", "aide_logement"),
    ("apl", "aide_logement"),
    ("als", "aide_logement"),
    ("alf", "aide_logement"),
    ("logement", "aide_logement"),
    ("complément familial", "cf"),
    ("soutien familial", "asf"),
    ("asf", "asf"),
    ("allocations familiales", "af"),
    ("af ", "af"),
    ("aah", "aah"),
    ("adultes handicapés", "aah"),
    ("aeeh", "aeeh"),
    ("enfant handicapé", "aeeh"),
    ("paje", "paje_base"),
    ("allocation de base", "paje_base"),
    ("aspa", "aspa"),
    ("solidarité aux personnes âgées", "aspa"),
    ("invalidité", "asi"),
    ("solidarité spécifique", "ass"),
)
PRESTATION: Final = {
    "rsa": "rsa",
    "prime_activite": "ppa",
    "aah": "aah",
    "asf": "asf",
    "aeeh": "aeeh",
    "apl": "aide_logement",
    "als": "aide_logement",
    "alf": "aide_logement",
}
MAIN: Final = {"retired": "pension", "unemployed": "unemployment"}
# Incomes whose papers show a net, a taxable and a gross amount.
TAXED: Final = ("salary", "unemployment", "pension", "sick_pay")
# Incomes beside the main one, each with a question of its own.
SEPARATE: Final = ("alimony_received", "disability_pension")
RECENT: Final = 4  # months: older payments are ignored


class MoneyReader:
    """Read amounts, note the records behind them and the hypotheses made."""

    def __init__(
        self, values: Values, *, resident_id: UUID, month: str, communes: Mapping[str, str], default_commune: str
    ) -> None:
        self.values = values
        self.resident_id = resident_id
        self.month = month
        self.communes = communes
        self.default_commune = default_commune
        self.today = date.fromisoformat(f"{month}-01")
        self.sources: dict[str, list[str]] = defaultdict(list)
        self.records: dict[str, Opened] = {}
        self.unknown: set[str] = set()
        self.hypotheses: list[str] = []

    def note(self, key: str, *records: Opened | None) -> None:
        for record in records:
            if record is not None:
                id = str(record.record_id)
                self.records[id] = record
                if id not in self.sources[key]:
                    self.sources[key].append(id)

    def of(self, type: str, person: UUID) -> Opened | None:
        return self.values.latest(type, person)

    def known(self, type: str, name: str, person: UUID, key: str) -> Any:  # noqa: ANN401 - a payload's value
        """Return the value from the newest record that has one."""
        for record in reversed(self.values.of_type(type, person)):
            if record.payload.get(name) is not None:
                self.note(key, record)
                return record.payload[name]
        return None

    def current(self, record: Opened, name: str = "date_fin") -> bool:
        end = read_day(record.payload.get(name))
        return end is None or end >= self.today

    def suppose(self, sentence: str) -> None:
        if sentence not in self.hypotheses:
            self.hypotheses.append(sentence)

    def incomes(self, person: UUID, key: str, role: str) -> tuple[Income, ...] | None:
        """Return the person's incomes, or None for an adult without any record. A record of 0 € is a known income."""
        known: dict[str, dict[str, tuple[float, float | None, float | None]]] = defaultdict(dict)
        for type, month, net, taxable, gross, record in self._income_lines(person):
            before = known[type].get(month, (0.0, None, None))
            known[type][month] = (before[0] + net, _plus(before[1], taxable), _plus(before[2], gross))
            self.note(f"{key}.incomes.{type}", record)
            self.note(f"{key}.incomes", record)
        if role != "child":
            self.unknown |= {f"{key}.incomes.{type}" for type in SEPARATE if type not in known}
        if not known:
            return () if role == "child" else None
        filled = [income for type, by_month in sorted(known.items()) for income in self._filled(type, by_month, key)]
        self._ask_before(known, key)
        return tuple(filled)

    def _ask_before(
        self, known: Mapping[str, Mapping[str, tuple[float, float | None, float | None]]], key: str
    ) -> None:
        """Mark the earlier months as unknown if the main income began within the window and nothing precedes it."""
        since = months.shift(self.month, -13)
        begins = [min(by_month) for type, by_month in known.items() if type not in SEPARATE and _began(by_month)]
        if begins and since < min(begins) <= min(min(by_month) for by_month in known.values()):
            self.unknown.add(f"{key}.incomes.before")

    def _income_lines(self, person: UUID) -> Iterator[IncomeLine]:
        yield from self._wages(person)
        yield from self._unemployment(person)
        yield from self._typed_incomes(person)

    def _wages(self, person: UUID) -> Iterator[IncomeLine]:
        for record in self.values.of_type("emploi.revenu", person):
            payload = record.payload
            net, month = payload.get("net_social") or payload.get("net_avant_impot"), payload.get("mois")
            if net is not None and months.is_month(month):
                taxable, gross = maybe(payload.get("net_imposable")), maybe(payload.get("brut"))
                yield "salary", month, float(net), taxable, gross, record

    def _unemployment(self, person: UUID) -> Iterator[IncomeLine]:
        for record in self.values.of_type("emploi.indemnite_ft", person):
            paid = read_day(record.payload.get("date_versement"))
            amount = record.payload.get("montant_allocations") or record.payload.get("montant_total")
            if paid and amount is not None:
                # Paid at the start of a month for the month before.
                month = months.shift(paid.strftime("%Y-%m"), -1 if paid.day <= 15 else 0)
                yield "unemployment", month, float(amount), None, None, record

    def _typed_incomes(self, person: UUID) -> Iterator[IncomeLine]:
        for record in self.values.of_type("revenu.mensuel", person):
            payload = record.payload
            type, net, month = NATURE.get(payload.get("nature", "")), payload.get("net"), payload.get("mois")
            if type and months.is_month(month) and net is not None:
                yield type, month, float(net), maybe(payload.get("imposable")), maybe(payload.get("brut")), record

    def _filled(
        self, type: str, known: Mapping[str, tuple[float, float | None, float | None]], key: str
    ) -> list[Income]:
        """Return one income per month of the window M-13..M. Months without a document copy the nearest month with
        one.
        """
        first, last = min(known), max(known)
        since = months.shift(self.month, -13)
        going_on = last >= months.shift(self.month, -3)
        span = months.between(min(first, since) if going_on else first, self.month if going_on else last)
        if going_on and first > since and type not in SEPARATE and not _began(known):
            self.unknown.add(f"{key}.incomes")
            self.suppose(_("Les mois sans document sont supposés pareils au mois le plus proche."))
        shown = {
            month: known.get(month) or known[_nearest(month, known)]
            for month in span
            if month >= since or month in known
        }
        if type in TAXED and any(taxable is None or gross is None for _net, taxable, gross in shown.values()):
            self.suppose(_("Le brut et le net imposable qui manquent sont déduits du net."))
        return [_income(type, month, figures) for month, figures in shown.items()]

    def notices(self) -> tuple[TaxNotice, ...]:
        """Return the notices of the three latest income years. Of two notices for one year, the newer one wins."""
        by_year: dict[int, Opened] = {}
        for record in self.values.of_type("fiscal.avis_ir"):
            if (
                isinstance(record.payload.get("annee_revenus"), int)
                and record.payload.get("revenu_fiscal_reference") is not None
            ):
                by_year[record.payload["annee_revenus"]] = record
        found = []
        for year in sorted(by_year)[-3:]:
            record = by_year[year]
            self.note(f"tax_notices[{year}].rfr", record)
            payload = record.payload
            taxable = payload.get("revenu_imposable")
            found.append(
                TaxNotice(
                    year,
                    rfr=float(payload["revenu_fiscal_reference"]),
                    parts=maybe(payload.get("nombre_parts")),
                    rni=float(payload["revenu_fiscal_reference"] if taxable is None else taxable),
                    rbg=maybe(payload.get("revenu_brut_global")),
                )
            )
        return tuple(found)

    def with_past_year(self, household: Household) -> Household:
        """Fill the undocumented months of the last two civil years from that year's notice, in proportion to current
        incomes.
        """
        people = list(household.people)
        if household.applicant.tax_dependent_of_parents:
            return household  # the notice is the parents', who live elsewhere
        for notice in household.tax_notices or ():
            year = notice.income_year
            if year not in {household.reference_year, household.reference_year + 1}:
                continue
            people = self._spread(people, year, (notice.rbg or notice.rfr / 0.9) / 12)
        return replace(household, people=tuple(people))

    def _spread(self, people: list[Person], year: int, monthly: float) -> list[Person]:
        adults = [person for person in people if person.role != "child" and person.incomes is not None]
        recent = {
            person.id: sum(
                income.net for income in person.incomes or () if income.last >= months.shift(self.month, -4)
            )
            for person in adults
        }
        total = sum(recent.values())
        if not adults:
            return people
        self.suppose(_("Les mois d’une année passée sont déduits de son avis d’impôt."))
        shared = []
        for person in people:
            if person not in adults:
                shared.append(person)
                continue
            share = recent[person.id] / total if total else float(person.role == "applicant")
            documented = self._documented(person, year)
            kept = self._without(person, year, documented)
            shared.append(replace(person, incomes=(*kept, *self._of_year(person, year, monthly * share, documented))))
        return shared

    def _without(self, person: Person, year: int, documented: set[str]) -> tuple[Income, ...]:
        """Return the incomes without those assumed for `year`; documented months stay."""
        return tuple(
            income
            for income in person.incomes or ()
            if not income.first.startswith(str(year)) or income.first in documented
        )

    def _documented(self, person: Person, year: int) -> set[str]:
        lines = self._income_lines(UUID(person.id))
        return {month for _type, month, *_rest in lines if month.startswith(str(year))}

    def _of_year(self, person: Person, year: int, taxable: float, documented: set[str]) -> list[Income]:
        main = _main_type(person)
        missing = [month for month in months.of_year(year) if month not in documented]
        key = f"people[{person.id}].incomes.{main}"
        older = [record for record in self.sources[f"tax_notices[{year}].rfr"] if record not in self.sources[key]]
        self.sources[key] = [*older, *self.sources[key]]
        return [spanning(main, taxable / ratios(main, taxable)[0], month, month) for month in missing if taxable]

    def benefits(self) -> tuple[PaidBenefit, ...] | None:
        """Return the benefits of the latest recent statement, or None if the vault has no record of benefits."""
        statements = [
            record
            for record in self.values.of_type("social.paiement")
            if str(record.payload.get("mois", "")) >= months.shift(self.month, -RECENT)
        ]
        if statements:
            latest = max(statements, key=lambda record: record.payload["mois"])
            self.note("benefits_received", latest)
            return self._paid(latest.payload.get("lignes") or ())
        if self.values.of_type("social.prestation"):
            return ()
        return None

    def _paid(self, lines: Iterable[Mapping[str, str]]) -> tuple[PaidBenefit, ...]:
        totals: dict[str, float] = defaultdict(float)
        for line in lines:
            type = paid_type(line.get("libelle", ""))
            if type:
                totals[type] += float(line.get("montant", 0))
        return tuple(PaidBenefit(type, round(amount, 2)) for type, amount in totals.items() if amount > 0)

    def receives(self) -> frozenset[str]:
        found = set()
        for record in self.values.of_type("social.prestation"):
            type = PRESTATION.get(record.payload.get("prestation", ""))
            if type and record.payload.get("est_beneficiaire"):
                self.note("benefits_received", record)
                found.add(type)
            elif type:
                found.discard(type)
        cover = self.values.latest("sante.c2s")
        if cover is not None and cover.payload.get("est_beneficiaire") and self.current(cover, "date_fin_droit"):
            self.note("benefits_received", cover)
            found.add("c2s")
        return frozenset(found)

    def quotient(self) -> int | None:
        record = next(
            (
                one
                for one in reversed(self.values.of_type("social.quotient_familial"))
                if one.payload.get("fournisseur") in {"CNAF", "MSA"}
            ),
            None,
        )
        self.note("quotient", record)
        return (
            int(record.payload["valeur"]) if record is not None and record.payload.get("valeur") is not None else None
        )


def _main_type(person: Person) -> str:
    """Return the type of income of the status, or that of a person who lives on a disability pension alone."""
    earned = {income.type for income in person.incomes or () if income.net > 0}
    if earned == {"disability_pension"}:
        return "disability_pension"
    return MAIN.get(person.status or "", "salary")


def paid_type(label: str) -> str | None:
    words = f"{label.casefold().replace('’', chr(39))} "
    return next((type for start, type in PAID_LABELS if start in words), None)


def _began(by_month: Mapping[str, tuple[float, float | None, float | None]]) -> bool:
    """Return True if the earliest month is a documented zero, followed by an income or by another zero."""
    return by_month[min(by_month)][0] == 0 and len(by_month) > 1


def _income(type: str, month: str, figures: tuple[float, float | None, float | None]) -> Income:
    net, taxable, gross = figures
    if type in TAXED:
        to_taxable, to_gross = ratios(type, net)
        taxable = net * to_taxable if taxable is None else taxable
        gross = net * to_gross if gross is None else gross
    return Income(type, month, month, net=round(net, 2), taxable=_round(taxable), gross=_round(gross))


def _nearest(month: str, known: Iterable[str]) -> str:
    return min(known, key=lambda other: abs(_rank(other) - _rank(month)))


def _rank(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:])


def maybe(value: object) -> float | None:
    return None if value is None else float(str(value))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None and other is None else (one or 0.0) + (other or 0.0)
