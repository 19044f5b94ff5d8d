"""Versions of agreements: other words, another field or another use need another version."""

import pytest

from vault import types
from vault.records.grants import agreements

#: The hash of the text in each language, by (code, version). Another text needs a new version: grants keep the hash.
READ = {
    ("shared_facts", "2"): {
        "fr": "f950def70c932ef8762488cd547795c229181c40a41775b43c5262098bf6f990",
        "en": "d6d0458b19673b820e75341be319c8297d8207ce848d1ac86abca29f1d166acd",
    },
    ("mandate", "1"): {
        "fr": "b72fa8a81bdf59d4e9495b7c2544b89c98f553e31f2d198dec0d7dc424b32bcc",
        "en": "ad3f70ad41340c6bba1a3e6c12aa005ee30be60c830d8cbd1c7140b28f1666eb",
    },
    ("appointment", "1"): {
        "fr": "6bb467ccbef588cc3679dfaf5e90d7af281efd3facee6647b757d0c2347e5ed7",
        "en": "5d6d95e46d3f5d1eb59018769165dc05d98483d1bce0e6462dd5c8b78a59f054",
    },
    ("link", "1"): {
        "fr": "af40e1a1356740de54a36540c8e6ab006d4e828d00f034fa7dd033e60a64104d",
        "en": "1014051a1b5247d4cb91204f5056ab2c38344edfe36a68c847abaf93fe7d2941",
    },
    ("desk", "2"): {
        "fr": "547e9a9ba716b59202f7653c2f046e09e099a54556412f72a9efa7efaf2a2fc2",
        "en": "3f4532b1e95186cb665e03fdfa940629ee9ab38eabcb031d63d4acc0d85cfcff",
    },
    ("emergency", "1"): {
        "fr": "7abdff1ba1ee26625fe5719e166626b5d3ff015f2933525555366894ded91828",
        "en": "25af1697737154419a8e0a8600b317463279ebb2f239012edd7a8a78abb3b995",
    },
    ("joint_simulation", "4"): {
        "fr": "4dd73a0fb854bf72cf26068ba7373869fa10be34c58125cd71747e80bd6f0d19",
        "en": "934e5cbe4bcdfd7993fa4ebd8ce0bec9ca905f8c679128e4a82a8acc3acf9fce",
    },
    ("watch", "1"): {
        "fr": "5a8abda856c9fa0904082f0eb8de580058c9aece8f92b11b762dfd9d09853a4a",
        "en": "7a369f49dc4f0482a4d757f3a49c3be5c9ef57fde92a601b1c2ecebf6fe7e3fe",
    },
}


def test_every_agreement_is_in_this_table():
    assert {(agreement.code, agreement.version) for agreement in agreements.all_agreements()} == set(READ)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("which", READ, ids=lambda which: which[0])
def test_the_hash_of_an_agreement_is_that_of_its_version(which, language):
    assert agreements.get(which[0]).notice_hash(language) == READ[which][language]


def test_every_field_exists_and_is_asked_once():
    for agreement in agreements.all_agreements():
        fields = [field for item in agreement.items for field in item.fields]
        assert all(types.field_exists(field) for field in fields)
        assert len(set(fields)) == len(fields)


def test_an_item_that_the_law_calls_sensitive_is_never_required():
    required = [item.code for agreement in agreements.all_agreements() for item in agreement.items if item.required]
    assert not {"disability", "pregnancy", "nationality"} & set(required)
