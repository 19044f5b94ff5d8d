"""Public pages: the panel, its draws, its opinions with the city's answers."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.panel import standing, subjects, verification
from campaigns.panel.models import Panel, Referral
from campaigns.panel.presenting import opinions, panels
from campaigns.panel.views import finding


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    sitting, announced = standing.sitting(timezone.now()), standing.announced()
    context = {
        "referrals": opinions.rows(list(Referral.objects.read())),
        "draws": panels.draws(list(Panel.objects.all())),
        "announced": announced,
        "facts": panels.facts(announced) if announced else [],
    }
    return render(request, "panel/home.html", context | _who(sitting))


@login_not_required
@require_safe
def draw(request: HttpRequest, number: int) -> HttpResponse:
    """Show the draw step by step, and how to repeat it."""
    panel = finding.panel(number)
    context = {
        "panel": panel,
        "minute": panels.minute(panel),
        "rows": panels.order_rows(panel),
        "command": panels.command(panel),
        "more": max(0, len(panel.entries) - panels.SHOWN),
        "size": len(verification.as_file(panel)) if panel.frozen_at else 0,
    }
    return render(request, "panel/draw.html", context)


@login_not_required
@require_safe
def draw_file(_request: HttpRequest, number: int) -> HttpResponse:
    """Return the file that `manage.py verify_draw` verifies. Before the freeze there is none."""
    panel = finding.panel(number)
    if panel.frozen_at is None:
        raise Http404
    answer = HttpResponse(verification.as_file(panel), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="tirage-{panel.number}.json"'
    return answer


@login_not_required
@require_safe
def referral(request: HttpRequest, number: int) -> HttpResponse:
    """Show the opinions on a subject, each beside the city's answer."""
    found = finding.referral(number)
    now = timezone.now()
    said = opinions.shown(found, timezone.localdate(now))
    others = Referral.objects.read().exclude(pk=found.pk)[:5]
    context = {
        "referral": found,
        "address": subjects.address(found),
        "opinions": said,
        "lede": opinions.lede(said),
        "counts": opinions.counts(found, said),
        "is_open": found.takes_opinions(now),
        "late": any(one.late for one in said),
        "others": opinions.rows(list(others)),
        "panel": found.panel,
        "minute": panels.minute(found.panel),
    }
    return render(request, "panel/referral.html", context | _who(found.panel))


def _who(panel: Panel | None) -> dict[str, list[str] | Panel | None]:
    if panel is None:
        return {"sitting": None}
    return {"sitting": panel, "members": panels.members(panel), "associations": panels.associations(panel)}
