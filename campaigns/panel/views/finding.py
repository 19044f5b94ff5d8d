"""Find the panel or the referral that an address names, or answer 404."""

from django.shortcuts import get_object_or_404

from campaigns.panel.models import Panel, Referral


def panel(number: int) -> Panel:
    return get_object_or_404(Panel, number=number)


def referral(number: int) -> Referral:
    return get_object_or_404(Referral.objects.read(), number=number)
