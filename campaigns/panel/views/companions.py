"""Pages of companions whose association sits beside the panel. They write for it, and see no member's account."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import companions_only
from accounts.http import SignedInRequest
from campaigns.panel import perms, standing
from campaigns.panel.actions import opinions
from campaigns.panel.enums import Stance
from campaigns.panel.forms import OpinionForm
from campaigns.panel.presenting.opinions import of_association
from campaigns.panel.views import finding, writing


@companions_only
@require_safe
def association(request: SignedInRequest) -> HttpResponse:
    """List what the association may write about. Without an association beside a panel, it is a 404."""
    panels = standing.all_sitting(timezone.now())
    named = [found for panel in panels if (found := perms.association_of(request.user, panel))]
    if not named:
        raise Http404
    rows = [row for one in named for row in of_association(one)]
    context = {"name": named[0].organisation.name, "rows": rows}
    return render(request, "panel/association.html", context)


@companions_only
@require_http_methods(["GET", "POST"])
def opine(request: SignedInRequest, number: int) -> HttpResponse:
    referral = finding.referral(number)
    found = perms.association_of(request.user, referral.panel)
    if found is None:
        raise Http404
    form = OpinionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            opinions.opine_for_association(
                by=request.user, referral=referral, stance=Stance(data["stance"]), reasons=data["reasons"]
            )
            messages.success(request, _("L’avis est publié. La ville répond dans les trente jours."))
        except opinions.NotNow:
            messages.warning(request, _("L’avis est déjà publié, ou le délai est passé : rien n’a changé."))
        return redirect("panel:association")
    hint = _("Signé « %(name)s », public aussitôt. Il ne change plus.")
    return writing.page(
        request,
        form,
        referral,
        heading=_("Donner l’avis de l’association"),
        hint=hint % {"name": found.organisation.name},
        button=_("Publier l’avis"),
        back=reverse("panel:association"),
    )
