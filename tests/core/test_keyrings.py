"""All keyrings fulfil the same contract, tested on a file, a transit engine, KMS and a keeper."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest
from django_scopes import scope

from core import keys
from core.keyrings import KeyringError, KeysDown, files, keeper, keyring, kms, transit
from core.keys import protect, sealed
from core.models import ResidentKey
from core.residents import prepare
from tests.core.key_services import TOKEN, Kms, Transit, served

pytestmark = pytest.mark.django_db
CONTEXT, OTHER = b"ville|one|1", b"ville|two|1"
KEY = bytes(range(32))
PLACE = "vault_record|1|1|content"


class InFile:
    """A keyring file, in the role of the service. It has no address that could be down."""

    def __init__(self, path):
        self.url, self.path = str(path), path

    def rotate(self):
        files.use_key(self.path, files.add_key(self.path))


@pytest.fixture
def in_file(tmp_path):
    path = tmp_path / "keys" / "keyring.json"
    files.make_file(path)
    return InFile(path)


@pytest.fixture
def in_transit(tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    service = Transit()
    with served(service) as address:
        service.url = f"transit+http://{address}/transit/garant?token={token}"
        service.token = token
        yield service


@pytest.fixture
def in_kms(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    service = Kms()
    with served(service) as address:
        service.url = f"kms://eu-west-3/alias/garant?endpoint=http://{address}"
        yield service


class Stoppable(keeper.Keeper):
    """A keeper whose end cuts its connections, as the end of its process does, and waits for their threads."""

    daemon_threads = False

    def __init__(self, *given):
        super().__init__(*given)
        self.connections = []

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def server_close(self):
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class Kept(InFile):
    def __init__(self, folder):
        super().__init__(folder / "keys" / "keyring.json")
        files.make_file(self.path)
        self.log, self.socket = folder / "keeper.log", folder / "keeper"
        self.url = f"keeper://{self.socket}"
        self.start(os.geteuid())

    def start(self, user):
        self.keeper = Stoppable(self.socket, self.path, keeper.Log(self.log), user)
        threading.Thread(target=self.keeper.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.keeper.shutdown()
        self.keeper.server_close()
        os.close(self.keeper.log._file)

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def in_keeper(tmp_path):
    kept = Kept(tmp_path)
    yield kept
    kept.stop()


@pytest.fixture(params=["in_file", "in_keeper", "in_transit", "in_kms"])
def provider(request, settings):
    return chosen(settings, request.getfixturevalue(request.param))


@pytest.fixture(params=["in_transit", "in_kms"])
def remote(request, settings):
    return chosen(settings, request.getfixturevalue(request.param))


def chosen(settings, service):
    settings.KEYRING, settings.MAKE_KEYRING = service.url, False
    keys._cache.clear()
    return service


def resident():
    person = uuid4()
    prepare(person)
    return person


class TestContract:
    def test_unwraps_under_the_same_context(self, provider):
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        assert KEY not in wrapped
        assert kid == keyring().current and len(kid) <= 40
        assert keyring().unwrap(kid, wrapped, CONTEXT) == KEY

    def test_does_not_unwrap_under_another_context(self, provider):
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        with pytest.raises(KeyringError, match="not the one"):
            keyring().unwrap(kid, wrapped, OTHER)

    def test_a_changed_byte_is_refused(self, provider):
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        for index in (0, len(wrapped) // 2, len(wrapped) - 1):
            with pytest.raises(KeyringError):
                keyring().unwrap(kid, wrapped[:index] + bytes([wrapped[index] ^ 1]) + wrapped[index + 1 :], CONTEXT)
        with pytest.raises(KeyringError):
            keyring().unwrap(kid, b"", CONTEXT)

    def test_wrapping_twice_gives_different_bytes(self, provider):
        assert keyring().wrap(KEY, CONTEXT) != keyring().wrap(KEY, CONTEXT)

    def test_after_a_rotation_the_old_key_unwraps_and_the_new_one_wraps(self, provider):
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        provider.rotate()
        assert keyring().unwrap(kid, wrapped, CONTEXT) == KEY
        assert keyring().wrap(KEY, CONTEXT)[0] == keyring().current != kid

    def test_an_unknown_key_is_named(self, provider):
        with pytest.raises(KeyringError, match="“elsewhere”"):
            keyring().unwrap("elsewhere", b"x" * 60, CONTEXT)

    def test_check_passes(self, provider):
        keyring().check()

    def test_repr_shows_no_key(self, provider):
        shown = repr(keyring()) + repr(keyring().rings[0])
        assert TOKEN not in shown and "keys=" not in shown

    def test_residents_keys_and_account_secrets_are_wrapped(self, provider):
        person = resident()
        value = sealed.seal(b"secret", resident_id=person, place=PLACE)
        assert sealed.unseal(value, resident_id=person, place=PLACE) == b"secret"
        protected = protect.protect("seed", purpose="second factor")
        assert protect.kid_of(protected) == keyring().current
        assert protect.unprotect(protected, purpose="second factor") == "seed"
        with pytest.raises(KeyringError):
            protect.unprotect(protected, purpose="another")

    def test_a_wrapped_key_copied_to_another_resident_is_refused(self, provider, may_change_keys):
        thief, victim = resident(), resident()
        with scope(resident=victim):
            stolen = ResidentKey.objects.get()
        with scope(resident=thief):
            ResidentKey.objects.update(wrapped=stolen.wrapped)
        with pytest.raises(KeyringError):
            keys.key_of(resident_id=thief)


class TestCache:
    def test_the_service_is_asked_once_a_minute_for_each_resident(self, remote, monkeypatch):
        person = resident()
        first = keys.key_of(resident_id=person)
        asked = len(remote.asked)
        assert keys.key_of(resident_id=person) == first
        assert len(remote.asked) == asked
        assert keys.KEPT <= 60
        later = time.monotonic() + 60
        monkeypatch.setattr(time, "monotonic", lambda: later)
        assert keys.key_of(resident_id=person) == first
        assert len(remote.asked) == asked + 1

    def test_an_erased_row_is_refused_although_its_key_is_cached(self, remote):
        person = resident()
        keys.key_of(resident_id=person)
        with scope(resident=person):
            ResidentKey.objects.all().delete()
        with pytest.raises(keys.KeyMissing):
            keys.key_of(resident_id=person)

    def test_a_replaced_row_does_not_use_the_cached_key(self, remote, may_change_keys):
        person, other = resident(), resident()
        mine = keys.key_of(resident_id=person)
        with scope(resident=other):
            row = ResidentKey.objects.get()
        with scope(resident=person):
            ResidentKey.objects.update(kid=row.kid, wrapped=row.wrapped)
        with pytest.raises(KeyringError):
            keys.key_of(resident_id=person)
        assert mine

    def test_the_number_of_cached_keys_is_limited(self, remote, monkeypatch):
        monkeypatch.setattr(keys, "MOST", 2)
        people = [resident() for _ in range(4)]
        for person in people:
            keys.key_of(resident_id=person)
        assert len(keys._cache._found) == 2

    def test_a_files_keys_are_not_cached(self, in_file, settings):
        chosen(settings, in_file)
        keys.key_of(resident_id=resident())
        assert not keys._cache._found


def test_keys_move_from_a_file_to_a_service(in_file, in_transit, settings):
    chosen(settings, in_file)
    before = resident()
    key = keys.key_of(resident_id=before)
    settings.KEYRING = f"{in_transit.url} {in_file.url}"
    after = resident()
    assert keys.key_of(resident_id=before) == key
    with scope(resident=after):
        assert ResidentKey.objects.get().kid == "transit:garant:v1"


def test_a_transit_key_that_ignores_the_context_is_refused(in_transit, settings):
    chosen(settings, in_transit)
    in_transit.derived = False
    for act in (lambda: keyring().wrap(KEY, CONTEXT), lambda: keyring().check()):
        with pytest.raises(KeyringError, match="derived=true"):
            act()


def test_a_version_refused_by_the_engine_is_reported(in_transit, settings):
    chosen(settings, in_transit)
    kid, wrapped = keyring().wrap(KEY, CONTEXT)
    in_transit.rotate()
    in_transit.oldest = 2
    with pytest.raises(KeyringError, match="no longer opens its version"):
        keyring().unwrap(kid, wrapped, CONTEXT)


def test_the_token_is_read_again_each_time(in_transit, settings):
    chosen(settings, in_transit)
    in_transit.token.write_text("expired")
    with pytest.raises(KeysDown, match="renew it"):
        keyring().check()
    in_transit.token.write_text(TOKEN)
    keyring().check()
    in_transit.token.unlink()
    with pytest.raises(KeysDown, match="No token"):
        keyring().check()


def test_a_disabled_kms_key_unwraps_nothing(in_kms, settings):
    chosen(settings, in_kms)
    kid, wrapped = keyring().wrap(KEY, CONTEXT)
    in_kms.disabled = True
    with pytest.raises(KeysDown, match="DisabledException"):
        keyring().unwrap(kid, wrapped, CONTEXT)


def test_a_key_of_another_account_uses_its_arn():
    arn = "arn:aws:kms:eu-west-3:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001"
    assert kms.KmsRing("eu-west-3", arn)._home + "x" == "arn:aws:kms:eu-west-3:111122223333:key/x"
    assert kms.KmsRing("eu-west-3", "alias/garant")._home == ""


@pytest.mark.parametrize(
    "url",
    [
        "transit+https://host:8200/garant?token=/t",
        "transit+https://host:8200/transit/garant",
        "transit+https://host:8200/transit/garant?token=relative",
        "transit+https://host:8200/transit/a-name-of-more-than-24-letters?token=/t",
        "transit+https://host:8200/transit/garant?token=/t&unknown=1",
        "kms://eu-west-3/",
        "kms:///alias/garant",
        "kms://eu-west-3/alias/garant?unknown=1",
        "redis://host/0",
        "keeper://host/socket",
    ],
)
def test_an_incomplete_url_is_reported(settings, url):
    settings.KEYRING = url
    with pytest.raises(KeyringError, match="KEYRING"):
        keyring()


def test_a_keyring_file_may_be_given_as_a_url(in_file, settings):
    settings.KEYRING = in_file.path.as_uri()
    assert keyring().current == json.loads(in_file.path.read_text())["current"]


def test_a_path_with_a_space_and_an_accent_is_one_keyring(settings, tmp_path):
    path = tmp_path / "Ville d’été" / "keyring.json"
    settings.KEYRING = path.as_uri()
    keyring()
    assert path.exists() and len(list(tmp_path.rglob("*.json"))) == 1


def test_a_path_cut_at_its_spaces_is_refused_before_any_file_is_made(settings, tmp_path):
    """Each part was the path of a keyring of its own, from wherever the process stood."""
    settings.KEYRING, settings.MAKE_KEYRING = tmp_path / "Ville de" / "keyring.json", True
    with pytest.raises(KeyringError, match="file:///a%20folder"):
        keyring()
    assert not list(tmp_path.iterdir())


def test_no_file_is_made_if_the_keys_are_elsewhere(remote):
    with pytest.raises(KeyringError, match=r"docs/keys\.md"):
        keys.make_keyring(lambda: False)


def test_file_changes_are_atomic_and_owner_only(in_file):
    kid = files.add_key(in_file.path)
    content = json.loads(in_file.path.read_text())
    assert kid in content["keys"] and kid != content["current"]
    files.use_key(in_file.path, kid)
    assert in_file.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyringError, match="the current key"):
        files.forget_key(in_file.path, kid)
    files.forget_key(in_file.path, content["current"])
    (kept,) = json.loads(in_file.path.read_text())["keys"].values()
    assert len(base64.b64decode(kept)) == 32
    with pytest.raises(KeyringError, match="no key “gone”"):
        files.use_key(in_file.path, "gone")


def test_time_outs_are_short():
    assert sum(transit.TIMEOUT) <= 5 and kms.CONNECT + kms.READ <= 5


class TestKeeper:
    """The keeper: another user holds the file, and each unwrapping is first written to its log."""

    def test_each_unwrapping_is_logged_before_the_answer(self, in_keeper, settings):
        chosen(settings, in_keeper)
        person = resident()
        assert in_keeper.lines() == []
        for count in (1, 2):
            keys.key_of(resident_id=person)
            assert len(in_keeper.lines()) == count
        line = in_keeper.lines()[-1]
        assert (line["verb"], line["kid"], line["process"]) == ("unwrap", keyring().current, os.getpid())
        assert str(person) in line["context"]
        assert keeper.verify(in_keeper.log) == (2, None)

    def test_after_a_move_from_a_file_each_key_opens_where_it_lies(self, in_file, in_keeper, tmp_path, settings):
        chosen(settings, in_file)
        files.make_file(tmp_path / "keyring.json")
        settings.KEYRING = str(tmp_path / "keyring.json")
        before = keyring().wrap(b"k" * 32, b"resident 1")
        settings.KEYRING = f"{in_keeper.url} {tmp_path / 'keyring.json'}"
        after = keyring().wrap(b"l" * 32, b"resident 2")
        assert after[0] != before[0]
        assert keyring().unwrap(*before, b"resident 1") == b"k" * 32
        assert keyring().unwrap(*after, b"resident 2") == b"l" * 32
        with pytest.raises(KeyringError, match="no key “gone”"):
            keyring().of("gone")

    def test_a_failed_connection_prints_no_message(self, in_keeper, capfd, caplog):
        try:
            raise ValueError("1 23 45 67 890 123 45")
        except ValueError:
            in_keeper.keeper.handle_error(None, None)
        assert capfd.readouterr().err == "" and [record.msg for record in caplog.records] == [
            "a connection of the portal failed"
        ]

    def test_nothing_is_unwrapped_if_the_log_is_full(self, in_keeper, settings, monkeypatch):
        chosen(settings, in_keeper)
        kid, wrapped = keyring().wrap(KEY, CONTEXT)

        def full(_file):
            raise OSError(28, "no space left")

        monkeypatch.setattr(os, "fdatasync", full)
        with pytest.raises(KeysDown, match="takes no line"):
            keyring().unwrap(kid, wrapped, CONTEXT)

    def test_another_user_is_refused_and_logged(self, in_keeper, settings):
        chosen(settings, in_keeper)
        in_keeper.stop()
        in_keeper.start(os.geteuid() + 1)
        with pytest.raises(KeysDown, match="refused this user"):
            keyring().check()
        assert in_keeper.lines()[-1]["verb"] == "refused"

    def test_the_log_continues_after_a_restart(self, in_keeper, settings):
        chosen(settings, in_keeper)
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        assert keyring().unwrap(kid, wrapped, CONTEXT) == KEY
        in_keeper.stop()
        with pytest.raises(KeysDown):
            keyring().unwrap(kid, wrapped, CONTEXT)
        in_keeper.start(os.geteuid())
        assert keyring().unwrap(kid, wrapped, CONTEXT) == KEY
        assert keeper.verify(in_keeper.log) == (2, None)

    @pytest.mark.parametrize("change", ["edit", "drop", "swap"])
    def test_a_changed_log_is_detected_and_not_continued(self, in_keeper, settings, change):
        chosen(settings, in_keeper)
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        for _ in range(4):
            keyring().unwrap(kid, wrapped, CONTEXT)
        lines = in_keeper.log.read_text().splitlines(keepends=True)
        changed = {
            "edit": [lines[0], lines[1].replace("one", "two"), *lines[2:]],
            "drop": [lines[0], *lines[2:]],
            "swap": [lines[0], lines[2], lines[1], lines[3]],
        }[change]
        in_keeper.log.write_text("".join(changed))
        number, problem = keeper.verify(in_keeper.log)
        assert number < 3 and "does not follow" in str(problem)
        assert keeper.main(["verify", "--log", str(in_keeper.log)]) == 1
        in_keeper.stop()
        with pytest.raises(SystemExit, match="Keep it aside"):
            keeper.Log(in_keeper.log)
        in_keeper.log.write_text("".join(lines))
        in_keeper.start(os.geteuid())

    def test_concurrent_uses_keep_the_log_chained(self, in_keeper, settings):
        chosen(settings, in_keeper)
        kid, wrapped = keyring().wrap(KEY, CONTEXT)
        ring = keyring().rings[0]
        workers = [
            threading.Thread(target=lambda: [ring.unwrap(kid, wrapped, CONTEXT) for _ in range(15)]) for _ in range(30)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert keeper.verify(in_keeper.log) == (450, None)

    def test_the_keeper_runs_without_settings_or_database(self, tmp_path, settings):
        """Run the keeper as an operator does: make a keyring, serve, and check the file's owner."""
        environment = {
            name: value for name, value in os.environ.items() if "DATABASE" not in name and "DJANGO" not in name
        }
        command = [sys.executable, "-m", "core.keyrings.keeper"]
        ring = tmp_path / "own" / "keyring.json"
        made = subprocess.run(
            [*command, "add", "--keyring", ring], env=environment, capture_output=True, text=True, check=True
        )
        assert made.stdout.startswith("Keys: ")
        words = [
            "serve",
            "--keyring",
            ring,
            "--socket",
            tmp_path / "s",
            "--log",
            tmp_path / "log",
            "--for",
            str(os.geteuid()),
        ]
        process = subprocess.Popen([*command, *words], env=environment)
        try:
            settings.KEYRING = f"keeper://{tmp_path}/s"
            limit = time.monotonic() + 20
            while not (tmp_path / "s").exists():
                assert process.poll() is None and time.monotonic() < limit
                time.sleep(0.02)
            kid, wrapped = keyring().wrap(KEY, CONTEXT)
            assert keyring().unwrap(kid, wrapped, CONTEXT) == KEY
        finally:
            process.kill()
            process.wait()
