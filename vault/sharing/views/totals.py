"""What the city keeps in all: a page for agents, and the same figures as open data."""

import csv
from dataclasses import asdict, astuple

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.decorators import agents_only
from accounts.http import SignedInRequest
from vault.sharing.across import totals as across
from vault.sharing.presenting import totals as words


@agents_only
@require_safe
def totals(request: SignedInRequest) -> HttpResponse:
    found = words.figures(across.totals())
    tables = words.tables(found, english=get_language() == "en")
    return render(request, "sharing/totals.html", {"vaults": words.vaults(found), "tables": tables})


@login_not_required
@require_safe
def totals_csv(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="chiffres.csv"'
    writer = csv.writer(answer)
    writer.writerow(words.COLUMNS)
    writer.writerows(astuple(one) for one in words.figures(across.totals()))
    return answer


@login_not_required
@require_safe
def totals_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"figures": [asdict(one) for one in words.figures(across.totals())]})
