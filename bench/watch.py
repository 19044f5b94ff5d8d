"""Measure the watch: the engine alone on 100,000 households, and whole checks of residents, gate and journal included.

    python -m ops.cluster run -- python bench/watch.py [--smoke] [--residents 2000] [--households 20000]

Two workers share the checks, as in production: with 2,000 residents, each has one batch of the product's size. The
figures for 100,000 are those measured, multiplied: an extrapolation. Households are of eight shapes, with no open
question; each open question of a real one doubles its rows in the engine. The defaults take some minutes.

Needs a migrated database, and leaves its residents there: `python -m ops.bench watch` makes and drops one.
"""

import argparse
import itertools
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

# Without DEBUG, which keeps each query.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")
os.environ.setdefault("SECRET_KEY", "bench-only-" + "x" * 50)
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])

import django

django.setup()

from django.db import connection, transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from bench.crowd import machine
from core.keys import sealed
from core.models import City
from services.aids import catalogue
from services.aids.engine import run as engine
from services.aids.household import Household, months
from services.aids.household.from_json import read
from services.watch.actions import accepting, evaluating
from services.watch.agreements import AGREEMENT
from tests.accounts.factories import ResidentFactory
from tests.services.aids import people
from vault.records.actions.records import Source, Subject, made
from vault.records.models import Record

CITY = 100_000
#: Goals for that many residents: seconds of the engine, seconds of whole checks, megabytes of all workers.
ENGINE, WHOLE, MEMORY = 60, 600, 1_024
WORKERS = 2
#: Milliseconds of processor of a check, the database's included, with which two processors keep `WHOLE`.
EACH = WHOLE * 2 * 1_000 / CITY
MONTH = timezone.localdate().strftime("%Y-%m")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs=2, type=int, metavar=("FIRST", "LAST"), help=argparse.SUPPRESS)
    parser.add_argument("--residents", type=int, default=2_000)
    parser.add_argument("--households", type=int, default=20_000)
    parser.add_argument("--smoke", action="store_true", help="few of each: the times are shown, never judged")
    options = parser.parse_args()
    logging.disable()
    if options.work:
        return work()
    if options.make:
        for number in range(*options.make):
            watched(number)
        return 0
    if options.smoke:
        options.residents, options.households = 20, 400
    City.objects.update_or_create(pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"})
    people.local_aids([item["code"] for item in catalogue.local_aids()])
    spent = engine_alone(options.households)
    make(options.residents)
    database = machine.parent_of(one_number("SELECT pg_backend_pid()"))
    first = checked(options.residents, database)
    with connection.cursor() as cursor:
        # As if the last check had been in another month: each watch is due.
        cursor.execute("UPDATE watch_watch SET law = 'another month'")
    same = checked(options.residents, database)
    found = one_number("SELECT count(*) FROM watch_finding")
    return report(options, spent, {"first": first, "a month later, the same outcome": same}, found)


def make(residents: int) -> None:
    """Make the residents in several processes."""
    began = time.perf_counter()
    parts = [residents * part // WORKERS for part in range(WORKERS + 1)]
    makers = [
        subprocess.Popen([sys.executable, __file__, "--make", str(first), str(last)])
        for first, last in itertools.pairwise(parts)
    ]
    if sum(maker.wait() for maker in makers):
        sys.exit("the residents could not be made")
    print(f"{residents} residents made in {time.perf_counter() - began:.0f} s", flush=True)


def one_number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Checks:
    """What checks took: seconds; milliseconds of processor each, of the workers and of the database; megabytes of the
    workers together, at most.
    """

    seconds: float
    client: float
    database: float
    memory: float

    @property
    def each(self) -> float:
        return self.client + self.database


def engine_alone(count: int) -> float:
    """Run so many households in batches of the product's size. Return the processor seconds of the runs."""
    engine.warm(MONTH)
    used, done = 0.0, 0
    while done < count:
        rows = [[household(done + number)] for number in range(min(evaluating.BATCH, count - done))]
        began = time.process_time()
        engine.run_many(rows)
        used += time.process_time() - began
        done += len(rows)
    return used


def household(number: int) -> Household:
    """Return one of eight shapes, with wages, a rent and ages of its own."""
    base = people.family() if number % 2 else people.single()
    base["date"] = MONTH
    net = 300 + number * 37 % 2_600
    base = people.paid(base, net)
    base["people"][0]["incomes"][0]["to"] = MONTH
    base["housing"] |= {
        "status": ("tenant_social", "tenant_private_unfurnished", "owner", "free")[number // 2 % 4],
        "rent": 300 + number % 400,
    }
    year = int(MONTH[:4])
    base["tax_notices"] = [
        {"income_year": year - back, "rfr": net * 10, "parts": 2.5 if number % 2 else 1} for back in (1, 2)
    ]
    known = read(base)
    born = replace(known.people[0], birth_date=date(year - 20 - number % 50, 1 + number % 12, 1))
    return replace(known, people=(born, *known.people[1:]))


def watched(number: int) -> User:
    """Return a resident with the watch, whose vault describes such a household."""
    user: User = ResidentFactory(email=f"bench{time.time_ns()}{number}@courriel.example")
    with transaction.atomic(), scope(resident=user.pk):
        box = sealed.box(resident_id=user.pk)
        Record.objects.bulk_create(
            made(box, user.pk, Subject(type=code, person=about, role=role), payload, Source(), older=None)
            for code, about, role, payload in values(user.pk, number)
        )
    with scope(resident=user.pk):
        accepting.accept(resident_id=user.pk, by=user.pk, items=[item.code for item in AGREEMENT.items], shown={})
    return user


def values(person: UUID, number: int) -> Iterator[tuple[str, UUID, str, dict[str, object]]]:
    child, year, net = uuid4(), int(MONTH[:4]), 300 + number * 37 % 2_600
    born = f"{year - 20 - number % 50}-0{1 + number % 9}-12"
    me = {
        "id": str(person),
        "nom_naissance": "TRAORÉ",
        "prenoms": "Awa",
        "date_naissance": born,
        "sexe": "F",
    }
    kid = {
        "id": str(child),
        "nom_naissance": "TRAORÉ",
        "prenoms": "Moussa",
        "date_naissance": f"{year - 7}-03-10",
        "sexe": "M",
    }
    kids = [kid] if number % 2 else []
    yield (
        "identite.pivot",
        person,
        "self",
        {
            "given_name": "Awa",
            "family_name": "Traoré",
            "birthdate": born,
            "gender": "female",
            "birthcountry": "99100",
        },
    )
    composition = {"allocataires": [me], "enfants": kids, "separation_recente": False}
    yield "foyer.composition", person, "household", composition
    situation = {"activite": "actif", "nationalite": "FR", "enceinte": False, "ass_ouverte": False}
    yield "foyer.situation", person, "self", situation
    for about in [person, *([child] if kids else [])]:
        yield "handicap.decision", about, "self" if about == person else "child", {"taux_incapacite": 0}
    if kids:
        yield "foyer.situation", child, "child", {"garde_alternee": False, "scolarite": "primaire"}
    yield (
        "logement.domicile",
        person,
        "self",
        {
            "adresse": {"cog": "00042", "commune": "Villebrume"},
            "statut_occupation": ("locataire_hlm", "locataire_vide", "proprietaire", "loge_gratuitement")[
                number // 2 % 4
            ],
            "loyer": f"{300 + number % 400}.00",
            "charges": "40.00",
        },
    )
    for back in (1, 2):
        yield (
            "fiscal.avis_ir",
            person,
            "self",
            {
                "annee_revenus": year - back,
                "revenu_fiscal_reference": net * 10,
                "nombre_parts": 1.5 if kids else 1,
            },
        )
    for ago in range(1, 15):
        yield (
            "emploi.revenu",
            person,
            "self",
            {
                "mois": months.shift(MONTH, -ago),
                "net_avant_impot": f"{net}.00",
                "net_social": f"{net}.00",
                "net_imposable": f"{net * 1.037:.2f}",
                "brut": f"{net * 1.282:.2f}",
            },
        )
    before = months.shift(MONTH, -1)
    yield "revenu.mensuel", person, "self", {"mois": before, "nature": "pension_alimentaire_recue", "net": "0.00"}
    yield "social.paiement", person, "self", {"mois": before, "lignes": []}


def checked(count: int, database: int) -> Checks:
    """Have the workers check each watch. `database` is the server's process."""
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "--work"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    began, before = time.perf_counter(), machine.processor_seconds(database)
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate()[0].split() for worker in workers]
    seconds, of_database = time.perf_counter() - began, machine.processor_seconds(database) - before
    done, spent, memory = (sum(float(answer[place]) for answer in answers) for place in range(3))
    if done != count:
        sys.exit(f"{done:.0f} checks of {count}")
    return Checks(seconds, spent / count * 1000, of_database / count * 1000, memory)


def work() -> int:
    engine.warm(MONTH)
    print("ready", flush=True)
    sys.stdin.readline()
    used = time.process_time()
    done = evaluating.look(seconds=3_600)
    print(done, time.process_time() - used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return 0


def report(options: argparse.Namespace, spent: float, checks: Mapping[str, Checks], found: int) -> int:
    """Print one table, and what is over its budget."""
    each, run = spent / options.households * 1000, spent * CITY / options.households
    print(f"\nThe engine alone: {each:.2f} ms of processor a household, {options.households} in batches of", end=" ")
    print(
        f"{evaluating.BATCH}; {run:.0f} s for {CITY}. Findings: {found}, since nothing changed between both checks.\n"
    )
    heads = ("Check", "Wall, ms", "Workers, ms", "Database, ms", "Both, ms", f"{CITY} on two processors", "Memory, MB")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for what, one in checks.items():
        cells = (
            what,
            f"{one.seconds / options.residents * 1000:.1f}",
            f"{one.client:.1f}",
            f"{one.database:.1f}",
            f"{one.each:.1f}",
            f"{one.each * CITY / 1000 / 60 / 2:.1f} min",
            f"{one.memory:.0f}",
        )
        print("| " + " | ".join(cells) + " |")
    print(f"\n{options.residents} residents by {WORKERS} workers; wall: of both together. Extrapolated to {CITY}.")
    if options.smoke:
        return 0
    failed = [f"engine: over {ENGINE} s"] * (run > ENGINE)
    for what, one in checks.items():
        failed += [f"{what}: {one.each:.1f} ms each, over {EACH:.0f} ms"] * (one.each > EACH)
        failed += [f"{what}: workers over {MEMORY} MB"] * (one.memory > MEMORY)
    print("\n".join(failed) or f"within budget: {ENGINE} s, {WHOLE // 60} minutes, {MEMORY} MB")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
