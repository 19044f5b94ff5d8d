"""`manage.py doctor`: each planted fault is named on its line, with what to do; the others stay green."""

import os
import shutil
import socket
import socketserver
import threading
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_scopes import scopes_disabled

import core
from core import jobs, keys
from core.confinement import starting
from core.journal import checkpoints, signed_notes
from core.models import Checkpoint, City, Job, WorkerBeat
from core.models.rows import by_city
from core.operations import doctor, health, places
from core.residents import prepare

pytestmark = pytest.mark.django_db
PLACES = ("SEAL_KEY", "RECEIPT_KEYS")


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Greeting(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline():
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 mail\r\n")


@pytest.fixture
def well(settings, tmp_path, monkeypatch):
    """An installation without a fault, as production's settings have it."""
    keys.keyring()
    signed_notes.check_key()
    for name in PLACES:
        path = tmp_path / name
        path.touch(mode=0o600)
        setattr(settings, name, path)
    City(name="Villebrume", of_name="de Villebrume", insee="00042", email="contact@villebrume.example").save()
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://coffre.villebrume.example", [".villebrume.example"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    health.heard_from([*health.worked_queues(), health.SCHEDULER, health.BACKUP, health.KEYSTORES, health.VERIFIED])
    monkeypatch.setattr(places, "_device", lambda folder: folder)
    checkpoints.seal()
    with MailServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.socket.getsockname()
        yield
        server.shutdown()


def red() -> dict[str, str]:
    return {one.about: one.to_do for one in doctor.examine() if not one.green}


def ago(**of: int):
    return timezone.now() - timedelta(**of)


def wait_for_an_hour(settings, tmp_path, monkeypatch):
    person = uuid4()
    prepare(person)
    (kind, *_) = jobs._kinds
    job = jobs.create(resident_id=person, kind=kind, subject_id=person, purpose="x")
    with scopes_disabled():
        Job.objects.filter(pk=job.pk).update(created_at=ago(hours=1))


def refuse_to_answer(settings, tmp_path, monkeypatch):
    def down(*_):
        raise OperationalError("password=canary")

    monkeypatch.setattr(connection, "cursor", down)


def stop_the_mail_server(settings, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_PORT = closed.getsockname()[1]


def open_the_seal(settings, tmp_path, monkeypatch):
    settings.SEAL_KEY.chmod(0o644)


def lose_the_keyring(settings, tmp_path, monkeypatch):
    settings.KEYRING, settings.MAKE_KEYRING = str(tmp_path / "gone.json"), False


def replace_the_keyring(settings, tmp_path, monkeypatch):
    settings.KEYRING, settings.MAKE_KEYRING = str(tmp_path / "new.json"), True


def lose_the_checkpoint_key(settings, tmp_path, monkeypatch):
    settings.CHECKPOINT_KEY, settings.MAKE_CHECKPOINT_KEY = tmp_path / "gone.pem", False


def block_the_storage(settings, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    blocked = FileSystemStorage(location=tmp_path / "file" / "sealed")
    monkeypatch.setattr(doctor, "storages", {"sealed": blocked, "checkpoints": blocked, "erasures": blocked})


def keep_all_on_one_disk(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_device", lambda folder: 1)


def fill_the_disk(settings, tmp_path, monkeypatch):
    """Of the tests' machine, the disk cannot be filled."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(2**40, 2**40, 2**20))


def stop_the_broker(settings, tmp_path, monkeypatch):
    from celery import current_app

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    down = current_app.connection_for_write(f"amqp://127.0.0.1:{port}")
    monkeypatch.setattr(type(current_app._get_current_object()), "connection_for_write", lambda *_: down)


def set_the_clock_wrong(settings, tmp_path, monkeypatch):
    """The machine's clock cannot be set here: the application's is read through this name."""

    class Late(datetime):
        @classmethod
        def now(cls, zone=None):
            return super().now(zone) - timedelta(minutes=3)

    monkeypatch.setattr(doctor, "datetime", Late)


LAST_MIGRATION = max(path.stem for path in Path(core.__file__).parent.glob("migrations/0*.py"))


def leave_a_migration_out(settings, tmp_path, monkeypatch):
    applied = MigrationRecorder.applied_migrations
    last = ("core", LAST_MIGRATION)
    monkeypatch.setattr(
        MigrationRecorder,
        "applied_migrations",
        lambda own: {name: row for name, row in applied(own).items() if name != last},
    )


def leave_rows_unsigned(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(City, "decides", by_city(*City.decides.columns, "name", former=City.decides.lists))


def lose_the_city(settings, tmp_path, monkeypatch):
    """The portal's role may not delete the city's row: the doctor finds none instead."""
    prepare(uuid4())
    monkeypatch.setattr(City.objects, "first", lambda: None)


def use_another_role(settings, tmp_path, monkeypatch):
    settings.WEB_ROLE = "portail"


def collect_nothing(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "staticfiles_storage", ManifestStaticFilesStorage(location=tmp_path, base_url="/s/"))


def answer(query, *rows):
    """Let the database answer as one whose rights are wrong: the tests' is shared, and its rights are right."""

    def plant(settings, tmp_path, monkeypatch):
        monkeypatch.setattr(doctor, query, f"SELECT * FROM (VALUES {', '.join(rows)}) planted")

    return plant


def let_the_role_rewrite_the_journal(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("config.checks.journal_within_reach", lambda: iter(["This role may rewrite it."]))


def silence(name):
    def stop(settings, tmp_path, monkeypatch):
        WorkerBeat.objects.filter(queue=name()).update(at=ago(days=2))

    return stop


def change(**to):
    def plant(settings, tmp_path, monkeypatch):
        for name, value in to.items():
            setattr(settings, name, value)

    return plant


def be_later(monkeypatch, **of):
    """The portal's role may not change a checkpoint's time: the doctor looks later instead."""
    now = timezone.now() + timedelta(**of)
    monkeypatch.setattr(doctor, "timezone", SimpleNamespace(now=lambda: now, localtime=timezone.localtime))


def leave_copies_out(settings, tmp_path, monkeypatch):
    Checkpoint.objects.update(anchored_at=None)
    be_later(monkeypatch, minutes=30)


def stop_sealing(settings, tmp_path, monkeypatch):
    be_later(monkeypatch, hours=3)


def use_old_software(name, value):
    return lambda settings, tmp_path, monkeypatch: monkeypatch.setattr(doctor, name, value)


def lack_a_layer(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "missing_layers", lambda: ("Landlock",))


def leave_the_city_without_an_address(settings, tmp_path, monkeypatch):
    city = City.objects.get()
    city.email = ""
    city.save()


FAULTS = {
    "an unknown Python": (use_old_software("PYTHON", ((3, 1), (3, 2))), "Python", "3.11"),
    "an old PostgreSQL": (use_old_software("POSTGRESQL", (90, 91)), "database", "15 to 18"),
    "no database": (refuse_to_answer, "database", "DATABASE_URL"),
    "a migration to run": (leave_a_migration_out, "migrations", f"core {LAST_MIGRATION}"),
    "rows of the version before": (leave_rows_unsigned, "rows", "rows sign"),
    "residents without a city": (lose_the_city, "city", "from a backup"),
    "another role": (use_another_role, "role", "WEB_ROLE"),
    "no secret": (change(SECRET_KEY=""), "SECRET_KEY", "50 random characters"),
    "static files not collected": (collect_nothing, "static files", "collectstatic"),
    "a table without rights": (answer("LACKING", "('core_city')"), "rights on tables", "GRANT SELECT"),
    "private keys within reach": (answer("TOO_MANY", "(true, false)"), "rights on the journal", "REVOKE SELECT"),
    "statistics that tell a turnout": (answer("TOO_MANY", "(false, true)"), "statistics of tables", "statistics.sql"),
    "a role that rewrites the journal": (let_the_role_rewrite_the_journal, "rights on the journal", "rewrite"),
    "a clock that is late": (set_the_clock_wrong, "clock", "time server"),
    "a kernel without Landlock": (lack_a_layer, "Landlock", "5.13"),
    "a seal that others read": (open_the_seal, "SEAL_KEY", "chmod 600"),
    "no receipt keys": (change(RECEIPT_KEYS=Path("/nowhere")), "RECEIPT_KEYS", "from its copy"),
    "no keyring": (lose_the_keyring, "keyring", "put back the copy"),
    "a keyring lost from a portal with data": (lose_the_keyring, "keyring's keys", "make none"),
    "a new keyring in the place of a lost one": (replace_the_keyring, "keyring's keys", "Put back from its copy"),
    "no checkpoint key": (lose_the_checkpoint_key, "checkpoint key", "make_checkpoint_key"),
    "a storage out of reach": (block_the_storage, "STORAGE_URL", "write there"),
    "a ledger beside the data": (keep_all_on_one_disk, "ledger outside", "ERASURES_URL"),
    "checkpoints beside the data": (keep_all_on_one_disk, "checkpoints outside", "CHECKPOINTS_URL"),
    "a full disk": (fill_the_disk, "disk of GARANT_VAR", "1 GB"),
    "no mail server": (stop_the_mail_server, "mail", "EMAIL_HOST"),
    "an address in clear": (change(SITE_URL="http://coffre.villebrume.example"), "SITE_URL", "https://"),
    "another host": (change(ALLOWED_HOSTS=["other.example"]), "ALLOWED_HOSTS", "coffre.villebrume.example"),
    "cookies in clear": (change(SESSION_COOKIE_SECURE=False), "cookies", "True"),
    "nobody to hear of a fault": (leave_the_city_without_an_address, "who hears of faults", "contact address"),
    "no proxy counted": (change(ALLAUTH_TRUSTED_PROXY_COUNT=0), "proxies", "TRUSTED_PROXIES"),
    "no broker": (stop_the_broker, "broker", "BROKER_URL"),
    "no worker": (silence(lambda: health.worked_queues()[0]), "workers", "config.work"),
    "an old job": (wait_for_an_hour, "oldest waiting job", "more workers"),
    "no scheduler": (silence(lambda: health.SCHEDULER), "scheduler", "celery -A config beat"),
    "no new checkpoint": (stop_sealing, "last checkpoint", "scheduler"),
    "no copy outside": (leave_copies_out, "checkpoints' copies", "CHECKPOINTS_URL"),
    "an old backup": (silence(lambda: health.BACKUP), "backup", "every night"),
    "keys that nothing deletes": (silence(lambda: health.KEYSTORES), "old copies of keys", "forget_keystores"),
    "journals that nothing verifies": (silence(lambda: health.VERIFIED), "journals", "verify_journal"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_with_what_to_do(fault, well, settings, tmp_path, monkeypatch):
    assert red() == {}
    plant, about, says = FAULTS[fault]
    plant(settings, tmp_path, monkeypatch)
    found = red()
    assert says in found[about]
    assert "make_keyring" not in str(found), "a second keyring opens nothing of what is there"
    assert "canary" not in str(found)


def test_the_command_prints_a_line_for_each_check_and_fails_if_one_is_red(well, settings, capsys):
    call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 24 and all(line.startswith("ok  ") for line in lines)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    with pytest.raises(CommandError, match="1 to put right") as failed:
        call_command("doctor")
    assert failed.value.returncode == 1
    assert "TODO proxies: 0. Set TRUSTED_PROXIES" in capsys.readouterr().out


def test_a_check_that_fails_is_a_finding_without_its_message(well, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: 1 / 0)
    (one,) = {about for about in red() if about == "files of keys"}
    assert one == "files of keys"


def test_the_scheduler_s_tick_is_written_down(well):
    from core.tasks import seal

    WorkerBeat.objects.all().delete()
    seal()
    last = health.last_sign(health.SCHEDULER)
    assert last and timezone.now() - last < timedelta(seconds=20)
