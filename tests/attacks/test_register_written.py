"""Whoever writes as the portal's own role adds no act to the city's register: a suspension takes two agents."""

from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import PublisherRole
from certification.developers.actions import outbox
from certification.developers.models import Event
from certification.labels import recipient
from certification.labels.models import Label
from core.journal import checkpoints, register, signed_notes
from core.models import RegisterEntry
from tests.attacks.test_written_rows import sql
from tests.certification.made import labelled, member, publisher, service
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
LIE = "Vend les données de ses clients"
PAGES = ["registry", "registry_json", "registry_jws", "registry_feed"]


@pytest.fixture
def label() -> Label:
    house = publisher()
    owner = member(house, PublisherRole.OWNER)
    return labelled(owner, service(owner, house))


def suspend(service_id: UUID, number: int | None = None, **content: Any) -> RegisterEntry:
    """Append a suspension as the attacker does: the number and the chain are right, the key is missing."""
    last = RegisterEntry.objects.order_by("-number").first()
    entry = RegisterEntry(
        number=number or (last.number + 1 if last else 1),
        at=timezone.now(),
        kind="label",
        subject_id=service_id,
        event="label_suspended",
        content={"service": "Loyer Juste", "label": "L-1", "reasons": LIE, **content},
    )
    entry.chain = register.chain_of(entry, bytes(last.chain) if last else register.START)
    fields = RegisterEntry._meta.concrete_fields
    names = ", ".join(str(field.column) for field in fields)
    values = [field.get_db_prep_save(getattr(entry, field.attname), connection) for field in fields]
    sql(f"INSERT INTO core_registerentry ({names}) VALUES ({', '.join(['%s'] * len(values))})", *values)
    return entry


@pytest.mark.parametrize("page", PAGES)
def test_a_false_suspension_is_on_no_page_feed_or_file(page, label, client):
    suspend(label.service_id, label=label.number)
    answer = client.get(reverse(f"labels:{page}"))
    assert answer.status_code in {200, 404} and LIE not in answer.content.decode()
    assert LIE not in client.get(reverse("labels:label", args=[label.number])).content.decode()


def test_a_false_suspension_is_told_to_no_program_and_gives_no_reason(label):
    suspend(label.service_id, label=label.number)
    outbox.publish()
    assert "label.suspended" not in {event.type for event in Event.objects.all()}
    assert recipient._reasons({label.service_id}) == {}


def test_a_false_entry_is_under_no_checkpoint_and_the_next_act_does_not_follow_it(label, outside):  # noqa: F811
    before = register.head()
    suspend(label.service_id)
    sealed = checkpoints.seal()
    assert sealed is not None and signed_notes.read(sealed.note).register == before
    entry = register.write(kind="label", subject_id=label.service_id, event="label_lifted", content={"service": "x"})
    assert register.head() == (entry.number, bytes(entry.chain))
    assert [one.event for one in register.of("label", label.service_id)][-2:] != ["label_suspended", "label_lifted"]


def test_the_verification_names_a_false_entry(label, outside):  # noqa: F811
    checkpoints.seal()
    entry = suspend(label.service_id)
    register.write(kind="label", subject_id=label.service_id, event="label_lifted", content={"service": "x"})
    [said] = register.problems({}, None)
    assert f"entry {entry.number} was not written by the portal" in said
    with pytest.raises(CommandError, match=f"entry {entry.number} was not written"):
        call_command("verify_journal")


def test_an_entry_with_a_far_number_stops_no_act(label):
    suspend(label.service_id, number=2**62)
    last = register.head()
    assert last is not None and last[0] < 1_000
    entry = register.write(kind="label", subject_id=label.service_id, event="label_lifted", content={"service": "x"})
    assert entry.number == last[0] + 1
