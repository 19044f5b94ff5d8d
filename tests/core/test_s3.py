"""Sealed files in S3: only ciphertext, written atomically, read by ranges, and deleted with all versions."""

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import cast
from uuid import uuid4

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django_scopes import scope

from config import environment
from core.files import s3
from core.files import storage as storage_module
from core.files.segments import ROOM
from core.files.storage import StorageFull, sealed_storage
from core.keys import KeyMissing
from core.keys.sealed import Unreadable
from core.models import ResidentKey
from core.operations import health
from core.residents import prepare
from tests.core.s3_service import Bucket, Version, served

pytestmark = pytest.mark.django_db
CONTENT = b"canary" * 30_000
LARGE = os.urandom(1 << 20) * 20


@pytest.fixture
def bucket(settings, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    bucket = Bucket()
    with served(bucket) as address:
        bucket.address = address
        settings.STORAGES = {**settings.STORAGES, "sealed": storage_entry(bucket)}
        yield bucket


def storage_entry(bucket, **options):
    """Return an entry of STORAGES for this bucket, with S3Storage's own options."""
    there = {"bucket_name": "papers", "location": "vaults", "region_name": "eu-west-3", "endpoint_url": bucket.address}
    return {"BACKEND": "core.files.s3.RangeS3Storage", "OPTIONS": there | options}


@pytest.fixture
def person():
    person = uuid4()
    prepare(person)
    return person


def kept(person, content=CONTENT):
    with sealed_storage.create(resident_id=person) as file:
        file.write(content)
    return file


def opened(file, person):
    return sealed_storage.open(file.name, resident_id=person)


@pytest.mark.parametrize("content", [b"", b"x", CONTENT, LARGE], ids=["empty", "a byte", "180 KB", "20 MB"])
def test_content_is_read_back(bucket, person, content):
    file = kept(person, content)
    with opened(file, person) as read:
        assert read.size == len(content)
        assert hashlib.sha256(read.read()).digest() == hashlib.sha256(content).digest()


def test_only_ciphertext_is_stored_under_a_random_name(bucket, person):
    file = kept(person)
    (key,) = bucket.objects
    assert key == f"vaults/{file.name}"
    assert b"canary" not in bucket.now(key).content


def test_a_range_is_read_without_the_rest(bucket, person):
    file = kept(person, LARGE)
    bucket.asked.clear()
    with opened(file, person) as read:
        read.seek(10 * ROOM - 3)
        assert read.read(10) == LARGE[10 * ROOM - 3 : 10 * ROOM + 7]
    fetched = [ask.removeprefix("GET bytes=").split("-") for ask in bucket.asked]
    assert sum(int(end) - int(start) + 1 for start, end in fetched) < 1_000_000 < len(LARGE)


def test_a_small_paper_is_read_in_one_request(bucket, person):
    file = kept(person, b"x" * 60_000)
    bucket.asked.clear()
    with opened(file, person) as read:
        assert read.read() == b"x" * 60_000
    assert bucket.asked == [f"GET bytes=0-{s3.FIRST - 1}"]


def test_memory_is_bounded_for_reading_and_writing(bucket, person):
    """The memory for reading and writing has a limit that does not depend on the file's size."""
    file = kept(person, LARGE)
    assert max(bucket.sizes) <= s3.PART and len(bucket.sizes) == len(LARGE) // s3.PART + 1
    bucket.asked.clear()
    with opened(file, person) as read:
        while read.read(100_000):
            pass
    fetched = [ask.removeprefix("GET bytes=").split("-") for ask in bucket.asked]
    assert max(int(end) - int(start) + 1 for start, end in fetched) <= s3.MOST
    assert len(fetched) < 30


def test_an_unfinished_or_failed_write_leaves_no_object(bucket, person):
    with pytest.raises(ZeroDivisionError), sealed_storage.create(resident_id=person) as file:
        file.write(LARGE)
        assert not bucket.objects and not bucket.uploads
        raise ZeroDivisionError
    assert not bucket.objects and not bucket.uploads
    with pytest.raises(Unreadable):
        opened(file, person)


def test_another_or_an_erased_resident_cannot_decrypt(bucket, person):
    stranger, file = uuid4(), kept(person)
    prepare(stranger)
    with pytest.raises(Unreadable):
        opened(file, stranger)
    with scope(resident=person):
        ResidentKey.objects.all().delete()
    with pytest.raises(KeyMissing):
        opened(file, person)


def test_a_byte_changed_by_the_store_is_refused(bucket, person):
    file = kept(person)
    version = bucket.now(f"vaults/{file.name}")
    for index in (0, 5, 100, len(version.content) // 2, len(version.content) - 1):
        whole = version.content
        version.content = whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :]
        with pytest.raises(Unreadable), opened(file, person) as read:
            read.read()
        version.content = whole
    version.content = version.content[:-ROOM]
    with pytest.raises(Unreadable):
        opened(file, person)


@pytest.mark.parametrize("versions", [True, False, None])
def test_deleting_removes_all_versions(bucket, person, versions):
    bucket.versions = versions
    file, beside = kept(person), kept(person)
    if versions:
        bucket.put(f"vaults/{file.name}", b"an older one, written by hand")
        bucket.put(f"vaults/{file.name}", None)
    sealed_storage.delete(file.name)
    assert not bucket.objects.get(f"vaults/{file.name}")
    sealed_storage.delete(file.name)
    assert list(bucket.everything()) == [
        f"vaults/{beside.name} {'null' if not versions else bucket.now(f'vaults/{beside.name}').id}"
    ]


def test_the_sweep_deletes_orphans_and_spares_recent_or_kept_files(bucket, person, monkeypatch):
    orphans, keep = [kept(person).name for _ in range(5)], kept(person).name
    past = datetime(2020, 1, 1, tzinfo=UTC)
    bucket.uploads = {"u1": ("vaults/x", {1: b"half"}, past), "u2": ("vaults/y", {1: b"half"}, datetime.now(UTC))}
    assert sealed_storage.sweep() == 1
    assert list(bucket.uploads) == ["u2"]
    for kept_versions in bucket.objects.values():
        kept_versions[-1].at = past
    young = kept(person).name
    monkeypatch.setattr(storage_module, "_kept", lambda names: set(names) & {keep})
    assert sealed_storage.sweep() == len(orphans)
    assert set(bucket.objects) >= {f"vaults/{keep}", f"vaults/{young}"}
    assert sorted(sealed_storage.names()) == sorted([keep, young])


def test_foreign_objects_are_left_alone(bucket, person):
    bucket.objects["vaults/README.txt"] = [Version("null", b"by hand", datetime(2020, 1, 1, tzinfo=UTC))]
    bucket.objects["elsewhere/ab/cd/" + "0" * 32] = [Version("null", b"not ours", datetime(2020, 1, 1, tzinfo=UTC))]
    assert sealed_storage.sweep(older_than=timedelta(seconds=-5)) == 0
    assert len(bucket.everything()) == 2


def test_a_full_store_raises_and_leaves_nothing(bucket, person):
    file = sealed_storage.create(resident_id=person)
    file.write(CONTENT)
    bucket.trouble = "QuotaExceeded"
    with pytest.raises(StorageFull):
        file.close()
    assert not bucket.objects


def test_a_failing_store_raises_a_system_error_not_a_missing_file(bucket, person, settings):
    file = kept(person)
    bucket.trouble = "AccessDenied"
    with pytest.raises(OSError, match="AccessDenied"):
        opened(file, person)
    assert not health._storage()
    bucket.trouble = ""
    assert health._storage()
    settings.STORAGES = {**settings.STORAGES, "sealed": storage_entry(bucket, bucket_name="nothing")}
    assert not health._storage(), "a bucket that is not there"
    settings.STORAGES = {**settings.STORAGES, "sealed": storage_entry(bucket, endpoint_url="http://127.0.0.1:1")}
    with pytest.raises(OSError, match="did not answer"):
        opened(file, person)


def test_a_backup_copies_files_and_restores_them(bucket, person):
    file, taken = kept(person), io.BytesIO()
    sealed_storage.copy_sealed(file.name, taken)
    sealed_storage.delete(file.name)
    assert sealed_storage.put_back(file.name, io.BytesIO(taken.getvalue()))
    assert not sealed_storage.put_back(file.name, io.BytesIO(b"another"))
    with opened(file, person) as read:
        assert read.read() == CONTENT


def test_a_file_is_never_written_over_another(bucket):
    storage = storages["sealed"]
    assert storage.save("ab/cd/x", ContentFile(b"one")) == "ab/cd/x"
    assert storage.save("ab/cd/x", ContentFile(b"two")) != "ab/cd/x"
    with storage.open("ab/cd/x") as file:
        assert file.read() == b"one"


def test_the_environment_gives_the_same_options(bucket):
    url = f"s3://papers/vaults?region_name=eu-west-3&endpoint_url={bucket.address}"
    assert environment.storage(url) == storage_entry(bucket)


def test_aws_settings_are_used(bucket, settings):
    settings.AWS_STORAGE_BUCKET_NAME, settings.AWS_S3_ENDPOINT_URL, settings.AWS_S3_REGION_NAME = (
        "papers",
        bucket.address,
        "eu-west-3",
    )
    settings.AWS_S3_ACCESS_KEY_ID, settings.AWS_S3_SECRET_ACCESS_KEY = "of-the-city", "secret"
    storage = s3.RangeS3Storage()
    storage.save("note", ContentFile(b"x"))
    assert bucket.now("note") and storage.access_key == "of-the-city"


def test_the_citys_client_options_override_ours(bucket):
    transfer = TransferConfig(max_concurrency=1)
    storage = s3.RangeS3Storage(client_config=Config(connect_timeout=1), transfer_config=transfer)
    assert (storage.client_config.connect_timeout, storage.client_config.read_timeout) == (1, s3.CLIENT.read_timeout)
    assert storage.transfer_config is transfer
    assert s3.RangeS3Storage().transfer_config.max_in_memory_upload_chunks == s3.AT_ONCE


def test_all_threads_share_a_connection(bucket):
    storage, both = cast(s3.RangeS3Storage, storages["sealed"]), Barrier(2)

    def opened() -> int:
        both.wait(10)
        return id(storage.connection)

    with ThreadPoolExecutor(2) as threads:
        assert {one.result() for one in [threads.submit(opened), threads.submit(opened)]} == {id(storage.connection)}


def test_an_encryption_key_in_the_options_is_sent_with_each_read(bucket):
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32, "StorageClass": "STANDARD_IA"}
    storage = s3.RangeS3Storage(**storage_entry(bucket, object_parameters=key)["OPTIONS"])
    storage.save("note", ContentFile(b"x"))
    bucket.headers.clear()
    with storage.open("note") as file:
        assert file.read() == b"x"
    (headers,) = bucket.headers
    assert headers["x-amz-server-side-encryption-customer-algorithm"] == "AES256"


def test_a_local_storage_does_not_load_boto3():
    program = "import django, sys; django.setup(); from core.files import storage; print('boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_checkpoints_can_be_copied_to_s3(bucket, settings):
    settings.STORAGES = {**settings.STORAGES, "checkpoints": storage_entry(bucket)}
    storage = storages["checkpoints"]
    for day in range(1, 6):
        storage.save(f"2026/11/{day:02}/note.txt", ContentFile(b"a note"))
    assert storage.listdir("") == (["2026"], [])
    assert storage.listdir("2026/11/") == ([f"{day:02}" for day in range(1, 6)], [])
    assert storage.listdir("2026/11/01") == ([], ["note.txt"])
    with storage.open("2026/11/01/note.txt") as file:
        assert file.read() == b"a note"
    assert storage.size("2026/11/01/note.txt") == 6
    assert datetime.now(UTC) - storage.get_modified_time("2026/11/01/note.txt") < timedelta(minutes=1)
    assert not storage.exists("2026/11/01/other.txt")
