"""Measure the export of a vault used for years: duration of its job, and whether its memory stays constant.

    python -m ops.cluster run -- python bench/export.py [--smoke] [--papers 300] [--records 2000] [--kilobytes 400]

Needs a migrated database: `python -m ops.bench export` makes and drops one. At the end the vault is closed by the
product's own action, whose duration is printed too. Peer: the same files, read and written into a ZIP by the standard
library, without seal, journal or checksums.
"""

import argparse
import io
import os
import resource
import secrets
import sys
import time
import zipfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django_scopes import scope

from accounts.actions import closing
from accounts.models import User
from core.files.storage import sealed_storage
from core.models import Job
from tests.accounts.factories import ResidentFactory
from tests.vault import scale
from vault.records.actions import exports
from vault.records.content import paper_kinds
from vault.records.models import Export, PaperFile
from vault.records.tasks import make_export

GOAL, FLAT = 20.0, 40.0
PIECE = 1 << 16


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--papers", type=int, default=300)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, default=400, help="of each paper")
    parser.add_argument("--smoke", action="store_true", help="a small vault: that it runs is all that is asked")
    options = parser.parse_args()
    papers, records = (12, 60) if options.smoke else (options.papers, options.records)
    paper_kinds.load()
    # Export a small vault first, so that the program itself is in memory and the large one shows the growth alone.
    export(make_resident(papers=10, records=40, kilobytes=options.kilobytes))
    before = peak()
    resident = make_resident(papers=papers, records=records, kilobytes=options.kilobytes)
    filled_at = peak()
    seconds, size = export(resident)
    grown = peak() - max(before, filled_at)
    began = time.perf_counter()
    plain = peer(resident)
    beside = time.perf_counter() - began
    began = time.perf_counter()
    closing.close(user=resident, by=resident.pk)
    closed_in = time.perf_counter() - began
    print(
        f"{papers} papers of {options.kilobytes} kB, {records} records: {seconds:.2f} s, {size / 1e6:.1f} MB,"
        f" memory + {grown:.1f} MB"
    )
    print(f"peer, files only: {beside:.2f} s, {plain / 1e6:.1f} MB; closing: {closed_in:.2f} s")
    failed = [f"over {GOAL:.0f} s"] if seconds > GOAL else []
    failed += [f"memory grew by more than {FLAT:.0f} MB"] if grown > FLAT else []
    print("\n".join(failed) or f"within budget: {GOAL:.0f} s, {FLAT:.0f} MB")
    return bool(failed) and not options.smoke


def make_resident(*, papers: int, records: int, kilobytes: int) -> User:
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    scale.fill(resident, records=records, papers=papers)
    with scope(resident=resident.pk):
        for file in PaperFile.objects.all():
            with sealed_storage.create(resident_id=resident.pk) as kept:
                for _ in range(-(-kilobytes * 1000 // PIECE)):
                    kept.write(secrets.token_bytes(PIECE))
            PaperFile.objects.filter(pk=file.pk).update(stored_name=kept.name, size=kept.size)
    return resident


def export(resident: User) -> tuple[float, int]:
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    began = time.perf_counter()
    make_export(str(job.pk))
    seconds = time.perf_counter() - began
    with scope(resident=resident.pk):
        state = Job.objects.get(pk=job.pk).state
        if state != Job.State.DONE:
            sys.exit(f"the job is {state}")
        return seconds, Export.objects.get().length


def peer(resident: User) -> int:
    target = io.BytesIO()
    with scope(resident=resident.pk), zipfile.ZipFile(target, "w") as archive:
        for place, file in enumerate(PaperFile.objects.all()):
            with sealed_storage.open(file.stored_name, resident_id=resident.pk) as source:
                archive.writestr(f"{place}.bin", source.read())
    return target.tell()


def peak() -> float:
    """Return the peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
