"""A service reads what a resident granted, while a label in force allows it: suspended, it reads nothing at once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from certification.labels import agreements as made_of_rows
from certification.labels.actions import labels
from certification.labels.enums import Change
from certification.labels.models import Label, LabelPurpose, PurposeVersion
from core import journal
from core.models.rows import Forged
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import INCOME, PARTS, given, labelled, version_of
from tests.vault.made import add_signed_notice
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import RefusalCode
from vault.records.grants import agreements

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def grant(resident, label):
    add_signed_notice(resident)
    return given(resident, version_of(label))


def refused(grant, fields=(INCOME,)):
    with pytest.raises(gate.Refused) as found:
        gate.read(grant=grant, fields=list(fields))
    return found.value.code


def test_a_service_reads_the_fields_that_were_granted_and_no_other(grant, resident):
    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312
    assert refused(grant, [INCOME, PARTS]) == RefusalCode.NOT_COVERED
    entry = journal.entries(resident_id=resident.pk, limit=2)[1]
    assert (entry.event, entry.details["recipient"], entry.purpose) == (
        "granted_read",
        "Loyer Juste",
        "Comparer mon loyer",
    )


def test_a_suspended_service_reads_nothing_until_two_agents_lift_it(grant, label, resident):
    first, second = AgentFactory(), AgentFactory()
    labels.suspend(label=label, by=first, reasons="Sa politique a disparu.")
    before = journal.entries(resident_id=resident.pk, limit=50)
    assert refused(grant) == RefusalCode.LABEL
    assert len(journal.entries(resident_id=resident.pk, limit=50)) == len(before) + 1
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Elle est revenue.")
    assert refused(grant) == RefusalCode.LABEL
    labels.decide_change(change=change, by=second, agree=True)
    assert gate.read(grant=grant, fields=[INCOME])


def test_a_suspension_writes_in_no_vault(grant, label, resident):
    before = [entry.id for entry in journal.entries(resident_id=resident.pk, limit=50)]
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    assert [entry.id for entry in journal.entries(resident_id=resident.pk, limit=50)] == before


def test_a_label_ends_at_its_second(grant, label):
    with time_machine.travel(label.valid_until - timedelta(seconds=1), tick=False):
        assert Label.objects.in_force().filter(pk=label.pk).exists()
    with time_machine.travel(label.valid_until, tick=False):
        assert not Label.objects.in_force().filter(pk=label.pk).exists()


def test_a_label_that_was_given_up_or_withdrawn_allows_nothing(grant, label, owner):
    labels.renounce(label=label, by=owner)
    assert refused(grant) == RefusalCode.LABEL


def test_a_withdrawn_label_allows_nothing(grant, label, owner):
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Elle revend.")
    labels.answer_change(change=change, by=owner, text="Non.")
    change.refresh_from_db()
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    assert refused(grant) == RefusalCode.WITHDRAWN


def test_a_renewed_label_with_the_same_purpose_goes_on_and_with_another_does_not(grant, label, owner):
    renewed = labelled(owner, label.service, title="Comparer mon loyer")
    assert version_of(renewed) == version_of(label)
    labels.renounce(label=label, by=owner)
    assert gate.read(grant=grant, fields=[INCOME])
    other = labelled(owner, label.service, text="Il fait autre chose de votre loyer.")
    assert version_of(other) != version_of(renewed)
    labels.renounce(label=renewed, by=owner)
    assert refused(grant) == RefusalCode.LABEL


def test_a_forged_label_opens_nothing(grant, label):
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE labels_label SET suspended_at = NULL")
    with pytest.raises(Forged):
        gate.read(grant=grant, fields=[INCOME])


def test_a_purpose_that_was_added_to_a_label_by_hand_opens_nothing(resident, owner, house, label):
    add_signed_notice(resident)
    former = labelled(owner, label.service, text="Il fait autre chose de votre loyer.")
    grant = given(resident, version_of(former))
    labels.renounce(label=former, by=owner)
    assert refused(grant) == RefusalCode.LABEL
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labels_labelpurpose (id, label_id, version_id, mac) VALUES (gen_random_uuid(), %s, %s, '')",
            [label.pk, version_of(former).pk],
        )
    with pytest.raises(Forged):
        gate.read(grant=grant, fields=[INCOME])


def test_the_resident_stops_a_service_as_any_share(grant, resident):
    grants.stop(grant=grant, by=resident.pk)
    assert refused(grant) == RefusalCode.STOPPED


def test_the_journal_says_why_a_reading_was_refused(grant, label, resident):
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    refused(grant)
    assert "la ville ne la permet pas" in signed_in(resident).get(reverse("journal:journal")).content.decode()


def test_the_check_of_a_label_costs_one_query(grant):
    gate.read(grant=grant, fields=[INCOME])
    with CaptureQueriesContext(connection) as captured:
        gate.read(grant=grant, fields=[INCOME])
    assert sum("labels_" in query["sql"] for query in captured) == 1


# Words


def test_the_words_of_a_purpose_are_frozen_in_both_languages(label):
    version = version_of(label)
    agreement = agreements.get(version.agreement)
    assert len(version.agreement) <= 40
    assert str(agreement.title) == "Comparer mon loyer"
    assert any("ne change rien à vos droits" in text for text in agreement.rendered_words("Loyer Juste"))
    with override("en"):
        assert str(agreement.title) == "Compare my rent"
        assert [str(item.hint) for item in agreement.items] == ["To compare.", "To compare."]
    assert agreement.notice_hash("fr") != agreement.notice_hash("en")


def test_a_changed_text_makes_no_agreement(label):
    version = version_of(label)
    version.content["text"]["fr"] = "Il vend tout."
    with pytest.raises(Forged):
        version.text  # noqa: B018 - the property checks
    assert made_of_rows.resolve("not-a-number") is None
    assert made_of_rows.resolve("0" * 32) is None


def test_the_database_refuses_to_change_what_was_decided(label):
    for change in (
        "UPDATE labels_label SET snapshot = '{}'",
        "UPDATE labels_label SET valid_until = valid_until + interval '1 day'",
        "DELETE FROM labels_labelpurpose",
        "DELETE FROM labels_label",
        "UPDATE labels_purposeversion SET content = '{}'",
        "DELETE FROM labels_purposeversion",
        "TRUNCATE labels_label CASCADE",
        "UPDATE labels_charterversion SET opening = 'x'",
        "UPDATE labels_criterion SET blocking = false",
        "DELETE FROM labels_criterion",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert LabelPurpose.objects.count() == PurposeVersion.objects.count() == 1
