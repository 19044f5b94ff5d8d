"""A sealed value is decrypted only unchanged, in its own place, for its own resident."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import canonical
from core.keys import sealed
from core.residents import prepare

pytestmark = pytest.mark.django_db
PLACE = "vault_record|1|1|content"


@pytest.fixture
def resident():
    resident = uuid4()
    prepare(resident)
    return resident


def test_a_value_is_decrypted_in_its_place(resident):
    value = sealed.seal("à Villebrume".encode(), resident_id=resident, place=PLACE)
    assert sealed.unseal(value, resident_id=resident, place=PLACE).decode() == "à Villebrume"
    assert value[0] == 1
    assert b"Villebrume" not in value


def test_sealing_twice_gives_different_bytes(resident):
    assert len({sealed.seal(b"x", resident_id=resident, place=PLACE) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "place", ["vault_record|2|1|content", "vault_record|1|2|content", "vault_paper|1|1|content", ""]
)
def test_a_moved_value_is_refused(resident, place):
    value = sealed.seal(b"x", resident_id=resident, place=PLACE)
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(value, resident_id=resident, place=place)


def test_another_resident_cannot_decrypt(resident):
    value, stranger = sealed.seal(b"x", resident_id=resident, place=PLACE), uuid4()
    prepare(stranger)
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(value, resident_id=stranger, place=PLACE)


def test_a_changed_byte_is_refused(resident):
    value = sealed.seal(b"412.00", resident_id=resident, place=PLACE)
    for index in range(len(value)):
        changed = bytearray(value)
        changed[index] ^= 1
        with pytest.raises(sealed.Unreadable):
            sealed.unseal(bytes(changed), resident_id=resident, place=PLACE)


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_a_truncated_value_is_refused(resident, length):
    value = sealed.seal(b"", resident_id=resident, place=PLACE)
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(value[:length], resident_id=resident, place=PLACE)


def test_json_is_read_back_unchanged(resident):
    value = {"b": [1, None, True], "a": {"é": "1 234,50 €"}}
    stored = sealed.seal_json(value, resident_id=resident, place=PLACE)
    assert sealed.unseal_json(memoryview(stored), resident_id=resident, place=PLACE) == value


def test_a_box_decrypts_values_sealed_without_it(resident):
    value = sealed.seal_json({"a": 1}, resident_id=resident, place=PLACE)
    assert sealed.box(resident_id=resident).unseal_json(value, place=PLACE) == {"a": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_equal_values_have_equal_bytes(value):
    assert canonical.encode(canonical.decode(canonical.encode(value))) == canonical.encode(value)


def test_key_order_is_ignored_and_non_finite_floats_are_refused():
    assert canonical.encode({"b": 1, "a": "é"}) == canonical.encode({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical.encode(float("nan"))


@pytest.mark.parametrize(
    "values", [[], ["é", 'a "quote" and \\', "\n\x00\u2028", "emploi.revenu#/brut"], ["a", None, 1]]
)
def test_the_items_of_a_list_are_those_of_its_text(values):
    assert f"[{canonical.items(values)}]" == canonical.text(values)
