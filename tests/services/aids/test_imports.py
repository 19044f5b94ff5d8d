"""Only processes that simulate load the law, which costs 150 MB and 3 seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOOK = "import sys; print(sorted(name for name in sys.modules if name.startswith('openfisca')))"


def modules(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}\n{LOOK}"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test", "SIMULATE": "0"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "import services.dossiers.tasks, vault.records.tasks, core.tasks",
        "import config.urls, services.aids.views.aids, services.aids.actions.simulations, services.aids.catalogue",
        "import services.aids.models, services.aids.views.local_agents, services.aids.facts.from_vault",
    ],
    ids=["django", "worker", "urls", "aids"],
)
def test_openfisca_is_not_imported(code):
    assert modules(code) == "[]"


@pytest.mark.slow
def test_a_process_that_simulates_is_warm_when_it_starts():
    code = (
        "from openfisca_core import periods\nfrom services.aids.engine import run as engine\n"
        "assert engine.system.cache_info().currsize == 1"
    )
    assert "openfisca_france" in modules(code, SIMULATE="1")
