"""A resident's key is one wrapped row, bound to its context. Without it nothing can be decrypted."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django_scopes import scope

from core import checks, keys
from core.keys import sealed
from core.models import ResidentKey
from core.operations import key_rotation
from core.residents import prepare

pytestmark = pytest.mark.django_db
PLACE = "vault_record|1|1|content"


@pytest.fixture
def keyring(settings, tmp_path):
    settings.KEYRING = tmp_path / "keys" / "keyring.json"
    settings.MAKE_KEYRING = False
    return settings.KEYRING


def write(path, content, mode=0o600):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    path.chmod(mode)


def ring(**names):
    return {kid: base64.b64encode(key).decode() for kid, key in names.items()}


def test_making_a_key_twice_keeps_one_key():
    resident = uuid4()
    prepare(resident)
    first = keys.key_of(resident_id=resident)
    prepare(resident)
    assert keys.key_of(resident_id=resident) == first
    assert len(first) == 32


def test_two_residents_have_two_keys():
    one, two = uuid4(), uuid4()
    prepare(one)
    prepare(two)
    assert keys.key_of(resident_id=one) != keys.key_of(resident_id=two)


def test_sealed_values_are_unreadable_once_the_row_is_deleted():
    resident = uuid4()
    prepare(resident)
    value = sealed.seal(b"secret", resident_id=resident, place=PLACE)
    assert sealed.unseal(value, resident_id=resident, place=PLACE) == b"secret"
    with scope(resident=resident):
        ResidentKey.objects.all().delete()
    with pytest.raises(keys.KeyMissing):
        sealed.unseal(value, resident_id=resident, place=PLACE)


def test_a_wrapped_key_copied_to_another_resident_is_refused(may_change_keys):
    thief, victim = uuid4(), uuid4()
    prepare(thief)
    prepare(victim)
    with scope(resident=victim):
        stolen = ResidentKey.objects.get()
    with scope(resident=thief):
        ResidentKey.objects.update(wrapped=stolen.wrapped)
    with pytest.raises(keys.KeyringError):
        keys.key_of(resident_id=thief)


def test_the_database_has_no_plaintext_key():
    resident = uuid4()
    prepare(resident)
    with scope(resident=resident):
        assert keys.key_of(resident_id=resident) not in bytes(ResidentKey.objects.get().wrapped)


def test_a_key_of_another_tenant_is_refused(settings):
    resident = uuid4()
    prepare(resident)
    settings.TENANT = "another"
    with pytest.raises(keys.KeyringError):
        keys.key_of(resident_id=resident)


def test_a_new_key_wraps_new_residents_and_the_old_one_still_unwraps(keyring):
    write(keyring, {"current": "old", "keys": ring(old=b"1" * 32)})
    before = uuid4()
    prepare(before)
    key = keys.key_of(resident_id=before)

    os.utime(keyring, ns=(1, 1))
    write(keyring, {"current": "new", "keys": ring(old=b"1" * 32, new=b"2" * 32)})
    after = uuid4()
    prepare(after)

    assert keys.key_of(resident_id=before) == key
    with scope(resident=after):
        assert ResidentKey.objects.get().kid == "new"


def test_a_missing_key_is_named(keyring):
    write(keyring, {"current": "old", "keys": ring(old=b"1" * 32)})
    resident = uuid4()
    prepare(resident)
    os.utime(keyring, ns=(1, 1))
    write(keyring, {"current": "new", "keys": ring(new=b"2" * 32)})
    with pytest.raises(keys.KeyringError, match="“old”"):
        keys.key_of(resident_id=resident)


def test_another_key_of_the_same_name_is_refused(keyring):
    write(keyring, {"current": "a", "keys": ring(a=b"1" * 32)})
    resident = uuid4()
    prepare(resident)
    os.utime(keyring, ns=(1, 1))
    write(keyring, {"current": "a", "keys": ring(a=b"2" * 32)})
    with pytest.raises(keys.KeyringError, match="not the one"):
        keys.key_of(resident_id=resident)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_keyring_that_others_may_read_is_refused(keyring, mode):
    write(keyring, {"current": "a", "keys": ring(a=b"1" * 32)}, mode)
    with pytest.raises(keys.KeyringError, match="chmod 600"):
        keys.keyring()
    assert [found.id for found in checks.keyring_usable(None)] == ["core.E001"]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"current": "a", "keys": {}},
        {"current": "a", "keys": {"a": "not base64!"}},
        {"current": "a", "keys": ring(a=b"short")},
        {"current": "b", "keys": ring(a=b"1" * 32)},
    ],
)
def test_a_malformed_keyring_is_refused_without_its_content(keyring, content):
    write(keyring, content)
    with pytest.raises(keys.KeyringError) as caught:
        keys.keyring()
    assert base64.b64encode(b"1" * 32).decode() not in str(caught.value)


def test_production_does_not_start_without_a_keyring(keyring):
    with pytest.raises(keys.KeyringError, match="put back the copy") as lost:
        keys.keyring()
    assert "make_keyring" not in str(lost.value), "whoever lost one would make another, which opens nothing"
    assert checks.keyring_usable(None)
    assert not keyring.exists()


def test_the_demonstration_makes_an_owner_only_keyring(keyring, settings):
    settings.MAKE_KEYRING = True
    assert checks.keyring_usable(None) == []
    assert keyring.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in keyring.parent.iterdir()] == [keyring.name]


def test_concurrent_processes_make_one_keyring(keyring, settings):
    settings.MAKE_KEYRING = True
    with ThreadPoolExecutor(8) as pool:
        assert len({keys.keyring().current for _ in pool.map(lambda _: keys.keyring(), range(32))}) == 1


def test_the_command_makes_a_keyring_and_never_replaces_one(keyring, monkeypatch):
    """In the tests' database the city's key is wrapped already."""
    monkeypatch.setattr(key_rotation, "counts", dict)
    call_command("make_keyring", verbosity=0)
    made = keyring.read_bytes()
    with pytest.raises(CommandError, match="unreadable"):
        call_command("make_keyring", verbosity=0)
    assert keyring.read_bytes() == made


def test_the_command_makes_no_keyring_for_a_database_that_needs_a_lost_one(keyring, settings, tmp_path):
    """It is what an administrator types once the old one is gone: new residents would be sealed under a second one."""
    settings.KEYRING, settings.MAKE_KEYRING = tmp_path / "former.json", True
    prepare(uuid4())
    settings.KEYRING, settings.MAKE_KEYRING = keyring, False
    with pytest.raises(CommandError, match="put back the copy"):
        call_command("make_keyring", verbosity=0)
    assert not keyring.exists()


def test_the_command_makes_no_keyring_while_the_database_does_not_say_what_it_needs(keyring, monkeypatch):
    def down(*_):
        raise OperationalError("password=canary")

    monkeypatch.setattr(connection, "cursor", down)
    with pytest.raises(CommandError, match="DATABASE_URL"):
        call_command("make_keyring", verbosity=0)
    assert not keyring.exists()


def test_a_key_never_shows_in_a_representation():
    resident = uuid4()
    prepare(resident)
    assert keys.key_of(resident_id=resident).hex() not in repr(sealed.box(resident_id=resident))
    assert "keys=" not in repr(keys.keyring().rings[0])
