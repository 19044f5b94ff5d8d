"""Jobs without a broker: files carry the messages, in folders made when needed."""

import os
import subprocess
import sys
from pathlib import Path

from kombu.connection import Connection

from config import environment
from config.celery import app

PUBLISH = "import django; django.setup(); from core.tasks import sweep; sweep.delay()"


def test_the_first_message_makes_its_folder(tmp_path: Path) -> None:
    variables = os.environ | {"GARANT_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.demo"}
    subprocess.run([sys.executable, "-c", PUBLISH], env=variables, check=True, capture_output=True)
    (message,) = (tmp_path / "broker" / "messages").iterdir()
    assert message.name.endswith(".default.msg")
    assert (tmp_path / "broker" / "messages").stat().st_mode & 0o077 == 0


def test_a_message_is_written_atomically(tmp_path: Path) -> None:
    """A worker that reads an empty message stops, and no job is done until it is restarted."""
    options = environment.broker_options("", tmp_path)
    folder, listings = Path(options["data_folder_in"]), []
    folder.mkdir()
    Path(options["control_folder"]).mkdir()

    class Listing:
        """A message that lists the folder while it is being written."""

        def __json__(self) -> str:
            listings.append([path.name for path in folder.glob("*.msg")])
            return "content"

    with Connection("filesystem://", transport_options=options) as connection:
        connection.default_channel._put("default", {"body": Listing()})
        assert listings == [[]]
        assert connection.default_channel._get("default") == {"body": "content"}


def test_the_sweep_runs_every_fifteen_seconds_and_missed_ticks_expire() -> None:
    tick = app.conf.beat_schedule["sweep"]
    assert (tick["task"], tick["schedule"], tick["options"]) == ("core.tasks.sweep", 15.0, {"expires": 15})


def test_the_worker_consumes_the_queue_of_each_task() -> None:
    from ops.services import QUEUES

    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) > 3
    assert {task.queue or app.conf.task_default_queue for task in ours if hasattr(task, "queue")} <= set(
        QUEUES.split(",")
    )
