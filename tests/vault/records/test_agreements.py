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
    ("mandate", "2"): {
        "fr": "7d7998665a8edfdd29cebc0b23d262f70c97026687dddbde0bf597184ea9b245",
        "en": "3a612d10b509b1db8451b9603cd687c55b1fc1e9cddcff15c0a00a0f37a5b1f0",
    },
    ("appointment", "2"): {
        "fr": "b39e904767a47386e9bbd5defff1c52ec91576fa3775ec7dce087ae7a9478d92",
        "en": "6e9a218e88e4e8c9515dfa673a06962edd2b4e06a42d679330bdc1747dab8ea0",
    },
    ("link", "1"): {
        "fr": "af40e1a1356740de54a36540c8e6ab006d4e828d00f034fa7dd033e60a64104d",
        "en": "1014051a1b5247d4cb91204f5056ab2c38344edfe36a68c847abaf93fe7d2941",
    },
    ("desk", "3"): {
        "fr": "c82e1549e966d8c48970a9157fc3967726a13249f88fc25d437a77f2bc443e3c",
        "en": "af64b9961978f513cb8b98d74eac668503f1821b4a6c16c439f19e980e459119",
    },
    ("emergency", "1"): {
        "fr": "7abdff1ba1ee26625fe5719e166626b5d3ff015f2933525555366894ded91828",
        "en": "25af1697737154419a8e0a8600b317463279ebb2f239012edd7a8a78abb3b995",
    },
    ("joint_simulation", "5"): {
        "fr": "f56e5183f882144fd08d3ac6608da6ee5ea5ca18ef14a2d2129223b0583cf5ce",
        "en": "9f99df81b505e9bca0a53fa88cf708fdba571f6b4ab04a1d7638d584604914b5",
    },
    ("watch", "3"): {
        "fr": "1dde1812e801d7092bef6a3d5786ebd1651089a4946ed82adb1ce10401ffa739",
        "en": "be06bb51ea95931ebe7dc40064246662dd5c5a4bbf48d53c8028e3d569d3a9da",
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
