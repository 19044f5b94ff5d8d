"""The page of a job: its progress, and buttons to cancel or retry it. Another resident's job answers 404."""

from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core import jobs
from core.models import Job

PROBLEMS: dict[str, str | Promise] = {
    "error": _("Quelque chose n’a pas marché de notre côté. Rien n’est perdu : vous pouvez réessayer."),
    "too_long": _("C’était trop long et nous avons arrêté. Rien n’est perdu : vous pouvez réessayer."),
    "keys_down": _(
        "Le service qui ouvre les coffres ne répond pas. Rien n’est perdu : nous réessayons toutes les minutes."
    ),
    "row_refused": _(
        "Une donnée ou un fichier n’est pas ce que le portail a écrit, ou manque. La ville est prévenue."
    ),
    "worker_lost": _("Notre machine s’est arrêtée plusieurs fois. Rien n’est perdu : réessayez plus tard."),
}


@require_safe
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show a job. For htmx, return only the fragment, which polls every 2 s until the job is finished.

    A page that waits moves on by itself to the result.
    """
    row = get_object_or_404(Job.objects.all(), pk=job_id)
    polls = request.headers.get("HX-Request") == "true"
    context = shown(row)
    response = render(request, "core/job_state.html" if polls else "core/job.html", context)
    if polls and context["done_url"]:
        response["HX-Redirect"] = str(context["done_url"])
    return response


@require_POST
def cancel_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    row = get_object_or_404(Job.objects.all(), pk=job_id)
    jobs.cancel(job=row, by=cast(UUID, request.user.pk))
    return redirect("job", job_id=job_id)


@require_POST
def retry_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    row = get_object_or_404(Job.objects.all(), pk=job_id)
    jobs.retry(job=row, by=cast(UUID, request.user.pk))
    return redirect("job", job_id=job_id)


def shown(row: Job) -> dict[str, object]:
    """Return the page's context. A screen reader announces `about`, so it changes at most every 10 %."""
    kind = jobs.kind_of(row)
    return {
        "job": row,
        "label": kind.label,
        "about": row.percent // 10 * 10,
        "problem": kind.problems.get(row.problem) or PROBLEMS.get(row.problem, PROBLEMS["error"]),
        "cancelled": kind.cancelled,
        "done_url": kind.done_url(row) if row.state == Job.State.DONE else "",
    }
