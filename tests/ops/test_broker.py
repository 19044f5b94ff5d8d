"""Jobs without a broker: files carry the messages, in folders that exist from the first one on."""

import os
import subprocess
import sys
from pathlib import Path

from kombu.connection import Connection

from config import environment
from config.celery import app

PUBLISH = "import django; django.setup(); from core.tasks import sweep; sweep.delay()"


def test_the_first_message_finds_its_folder(tmp_path: Path) -> None:
    variables = os.environ | {"GARANT_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.demo"}
    subprocess.run([sys.executable, "-c", PUBLISH], env=variables, check=True, capture_output=True)
    (message,) = (tmp_path / "broker" / "messages").iterdir()
    assert message.name.endswith(".default.msg")
    assert (tmp_path / "broker" / "messages").stat().st_mode & 0o077 == 0


def test_a_message_is_never_seen_half_written(tmp_path: Path) -> None:
    """A worker that takes an empty one cannot read it, and stops: nothing is done any more until somebody starts it again."""
    options = environment.broker_options("", tmp_path)
    folder, seen = Path(options["data_folder_in"]), []
    folder.mkdir()
    Path(options["control_folder"]).mkdir()

    class Looking:
        """Looks into the folder while the message is being written."""

        def __json__(self) -> str:
            seen.append([path.name for path in folder.glob("*.msg")])
            return "content"

    with Connection("filesystem://", transport_options=options) as connection:
        connection.default_channel._put("default", {"body": Looking()})
        assert seen == [[]]
        assert connection.default_channel._get("default") == {"body": "content"}


def test_the_scheduler_ticks_every_fifteen_seconds_and_lets_missed_ticks_go() -> None:
    tick = app.conf.beat_schedule["sweep"]
    assert (tick["task"], tick["schedule"], tick["options"]) == ("core.tasks.sweep", 15.0, {"expires": 15})


def test_each_task_has_a_queue_that_the_worker_listens_to() -> None:
    from ops.services import QUEUES

    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) > 3
    assert {task.queue or app.conf.task_default_queue for task in ours if hasattr(task, "queue")} <= set(
        QUEUES.split(",")
    )
