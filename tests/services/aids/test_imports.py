"""Only processes that simulate load the law, which costs 150 MB and 3 seconds; only those that draw dossiers load what
draws and seals them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = "openfisca", "pyhanko", "weasyprint"
#: What few pages need, which commands, the scheduler and the workers start without.
RARE = "allauth.account.views", "fido2", "jsonschema", "numpy"
LOOK = "import sys; print(sorted(name for name in sys.modules if name.startswith({})))"


def modules(*steps: str, looked_for: tuple[str, ...] = HEAVY, **environment: str) -> list[str]:
    """Return the heavy modules that a fresh process has loaded after each piece of code."""
    code = "\n".join(["import django; django.setup()", *(f"{step}\n{LOOK.format(looked_for)}" for step in steps)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test", "SIMULATE": "0"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-len(steps) :]


STEPS = {
    "django": "",
    "worker": "import services.dossiers.tasks, services.requests.tasks, vault.records.tasks, core.tasks",
    "urls": "import config.urls, services.aids.views.aids, services.aids.actions.simulations, services.aids.catalogue",
    "aids": "import services.aids.models, services.aids.views.local_agents, services.aids.facts.from_vault",
}


def test_nothing_heavy_is_imported():
    assert dict(zip(STEPS, modules(*STEPS.values()), strict=True)) == dict.fromkeys(STEPS, "[]")


def test_what_few_pages_need_is_not_imported_at_the_start():
    assert modules("", looked_for=RARE) == ["[]"]


@pytest.mark.slow
def test_a_process_that_simulates_is_warm_when_it_starts():
    code = (
        "from openfisca_core import periods\nfrom services.aids.engine import run as engine\n"
        "assert engine.system() is engine.system(False)\n"
        "assert engine._loaded.cache_info().currsize == 1"
    )
    assert "openfisca_france" in modules(code, SIMULATE="1")[0]
