"""Nothing is ticked before its resident ticks it: a new account receives no reminder by e-mail."""

import pytest
from django.urls import reverse

from accounts import reminding
from accounts.actions import accounts as actions
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db


def test_a_new_account_receives_no_reminder_until_it_chose_them(mailoutbox):
    resident = actions.register_resident(email="nouvelle@courriel.example", name="Nouvelle")
    assert not resident.reminders_by_email
    assert not reminding.remind(user_id=resident.pk, template="requests/email/news") and not mailoutbox
    assert reminding.remind(user_id=resident.pk, template="requests/email/news", asked=True)
    signed_in(resident).post(reverse("choose_reminders"), {"by_email": "yes"})
    assert reminding.remind(user_id=resident.pk, template="requests/email/news") and len(mailoutbox) == 2
