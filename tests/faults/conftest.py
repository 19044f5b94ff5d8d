"""Fixtures of other tests, used to simulate faults."""

from tests.core.test_checkpoints import person, three
from tests.core.test_journal import five, someone_else
from tests.core.test_keyrings import in_kms, in_transit, remote
from tests.vault.records.test_examined import antivirus

__all__ = ["antivirus", "five", "in_kms", "in_transit", "person", "remote", "someone_else", "three"]
