"""The worker's process: if killed, it leaves no partial dossier; it never loads modules that it does not use."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_scopes import scopes_disabled

from core import jobs
from core.files.storage import sealed_storage
from core.models import Job
from services.dossiers.actions import dossiers as actions
from services.dossiers.checks import seal_key_present
from services.dossiers.enums import State
from services.dossiers.models import Seal
from tests.services.dossiers.made import fill, fresh, start, work

ROOT = Path(__file__).resolve().parents[3]
#: Builds one dossier and waits for ever at the step named by its argument.
WORKER = """
import sys, django
django.setup()
from services.dossiers import tasks
from services.dossiers.actions import building
moment, job = sys.argv[1:]
def wait(*args, **kwargs):
    print("here", flush=True)
    sys.stdin.read()
setattr(building, moment, wait)
tasks.build(job)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize("moment", ["draw", "_record"])
def test_a_worker_killed_in_the_middle_leaves_nothing_and_another_one_finishes(resident, moment):
    sealed_storage.sweep(older_than=timedelta(0))
    fill(resident)
    dossier = start(resident, "rsa")
    job = actions.build(dossier=dossier, by=resident.pk)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, moment, str(job.pk)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "here\n"
    worker.kill()
    worker.wait()

    row = fresh(dossier)
    assert (row.state, row.stored_name, row.job.state) == (State.DRAFT, "", Job.State.RUNNING)
    assert not Seal.objects.exists()

    with scopes_disabled():
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - jobs.LOST - timedelta(seconds=1))
    assert jobs.sweep() == 1
    work()
    assert fresh(dossier).state == State.READY
    assert Seal.objects.count() == 1
    left = sealed_storage.sweep(older_than=timedelta(0))
    assert left == (1 if moment == "_record" else 0), "the file of the killed attempt, which no row names"
    assert sealed_storage.inner.exists(fresh(dossier).stored_name)


def loaded_by(module: str) -> set[str]:
    program = (
        f"import sys, django; django.setup(); import {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_documents_worker_does_not_load_the_simulation_engine_nor_the_renderer():
    """The child that owns nothing loads the renderer: the worker has keys."""
    loaded = loaded_by("config.work; config.work.load('default,documents')")
    assert "pyhanko" in loaded
    assert not loaded & {"weasyprint", "pydyf", "pypdfium2"}
    assert not {name for name in loaded if name.startswith("openfisca")}


def test_the_web_does_not_load_the_renderer():
    assert not loaded_by("services.dossiers.views.dossiers, services.dossiers.views.verification") & {
        "weasyprint",
        "pyhanko",
        "pydyf",
    }


def test_the_portal_refuses_to_start_without_its_seal(settings, tmp_path):
    settings.SEAL_KEY, settings.MAKE_SEAL_KEY = tmp_path / "seal.p12", False
    assert [problem.id for problem in seal_key_present(None)] == ["dossiers.E001"]
    settings.SEAL_KEY.touch()
    assert seal_key_present(None) == []
