"""Public pages, the home page and the error pages."""

import logging
from contextlib import suppress
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    HttpResponseNotFound,
    HttpResponseServerError,
)
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_GET, require_POST, require_safe
from django.views.i18n import set_language

from core import keys
from core.models import City, HelpPage, LegalPage
from core.models.rows import Forged
from core.pages import help as help_pages
from core.pages import home as home_page
from core.pages import promises
from core.pages.context import nav
from core.pages.exits import exit_address
from core.pages.menu import Place, links
from core.problems import told_to_programs
from core.telemetry import logs

log = logging.getLogger(__name__)
#: How long the address of `security_contact` may be used without asking again.
SECURITY_CONTACT = timedelta(days=30)
YEAR = "public, max-age=31536000, immutable"
# An SVG opened directly gets no script, no external style and no origin.
LOGO_POLICY = "default-src 'none'; sandbox"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "core/home_public.html")
    if not getattr(request.user, "is_resident", False):
        return redirect(home_page.start(request))
    with keys.read_once():
        return render(request, "core/home.html", {"home": home_page.build(request)})


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Call Django's view, which checks `next` against this host and sets the cookie. POST only, so no link can."""
    return set_language(request)


@login_not_required
@require_safe
def theme(request: HttpRequest) -> HttpResponse:
    city = City.current()
    response = HttpResponse(city.stylesheet, content_type="text/css; charset=utf-8")
    return _cached(request, response, city.stylesheet_version)


@login_not_required
@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    city = City.current()
    if not city.logo:
        raise Http404
    response = HttpResponse(bytes(city.logo), content_type=city.logo_type)
    response["Content-Security-Policy"] = LOGO_POLICY
    return _cached(request, response, city.logo_version)


def _cached(request: HttpRequest, response: HttpResponse, version: str) -> HttpResponse:
    """Cache for a year under the URL that names this content; any other URL must revalidate."""
    current = request.GET.get("v") == version
    response["Cache-Control"] = YEAR if current else "no-cache"
    return response


@login_not_required
@require_GET
def leave_quickly(request: HttpRequest) -> HttpResponse:
    """Sign out, clear the browser's storage and redirect to another site, for a user in danger (“Quitter vite”).

    Going back then shows nothing. A link from another site signs nobody out.
    """
    response = HttpResponse(
        status=HTTPStatus.FOUND, headers={"Location": _exit_address(), "Referrer-Policy": "no-referrer"}
    )
    if request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}:
        with suppress(DatabaseError, keys.KeyringError, Forged):
            logout(request)
        response["Clear-Site-Data"] = '"cookies", "storage"'
    return response


def _exit_address() -> str:
    try:
        return exit_address(City.current().exit_url)
    except (DatabaseError, keys.KeyringError, Forged):
        return settings.EXIT_URL


@login_not_required
@require_safe
def security_contact(request: HttpRequest) -> HttpResponse:
    """Tell whoever found a fault where to write, as security.txt (RFC 9116): the city's own address, for a month."""
    email = City.current().email
    if not email:
        raise Http404
    until = (timezone.now() + SECURITY_CONTACT).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: mailto:{email}",
        f"Expires: {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
        f"Canonical: {settings.SITE_URL}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    return _legal_page(request, LegalPage.Slug.LEGAL, "core/legal.html")


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return _legal_page(request, LegalPage.Slug.PRIVACY, "core/privacy.html")


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return _legal_page(request, LegalPage.Slug.ACCESSIBILITY, "core/accessibility.html")


@login_not_required
@require_safe
def cookies(request: HttpRequest) -> HttpResponse:
    names = {"session_cookie": settings.SESSION_COOKIE_NAME, "csrf_cookie": settings.CSRF_COOKIE_NAME}
    names |= {"language_cookie": settings.LANGUAGE_COOKIE_NAME, "visit_cookie": settings.VISIT_COOKIE_NAME}
    names |= {"device_cookie": settings.DEVICE_COOKIE_NAME}
    return _legal_page(request, LegalPage.Slug.COOKIES, "core/cookies.html", names)


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Show how to reach a person, and the questions, all or those with the words searched for."""
    asked = request.GET.get("q", "").strip()[:100]
    found = help_pages.pages()
    matches = help_pages.search(found, asked) if asked else found
    context = {"asked": asked, "count": len(matches), "themes": help_pages.by_theme(matches)}
    return _legal_page(request, LegalPage.Slug.HELP, "core/help.html", context)


@login_not_required
@require_safe
def help_question(request: HttpRequest, slug: str) -> HttpResponse:
    page = next((page for page in help_pages.pages() if page.slug == slug), None)
    if page is None and help_pages.shipped(slug):  # hidden by the city: other pages still link to it
        return redirect("help")
    if page is None:
        raise Http404
    return render(request, "core/help_question.html", {"page": page, "edit": _help_edit_url(request, page)})


def _help_edit_url(request: HttpRequest, page: HelpPage) -> str:
    """Return the admin's page for who may change help pages, else "". A page of the product is not a row yet."""
    if page.pk:
        allowed, name, args = request.user.has_perm("core.change_helppage"), "admin:core_helppage_change", [page.pk]
    else:
        allowed, name, args = request.user.has_perm("core.add_helppage"), "admin:core_helppage_add", []
    return f"{reverse(name, args=args)}{'' if page.pk else f'?page={page.slug}'}" if allowed else ""


@login_not_required
@require_safe
def promise(request: HttpRequest) -> HttpResponse:
    """Show what the city may do. The list of acts by two persons is there also under the city's own words."""
    return _legal_page(request, LegalPage.Slug.PROMISE, "core/promise.html", {"by_two": promises.by_two()})


@login_not_required
@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the pages of the user's kind; a visitor sees what a resident would have."""
    mine = nav(request) if request.user.is_authenticated else links(request, Place.RESIDENT)
    return render(request, "core/sitemap.html", {"public": links(request, Place.PUBLIC), "mine": mine})


def _legal_page(
    request: HttpRequest, slug: LegalPage.Slug, template: str, context: dict[str, Any] | None = None
) -> HttpResponse:
    return render(
        request, template, {"page": LegalPage.objects.filter(slug=slug).first(), "slug": slug, **(context or {})}
    )


@login_not_required
@told_to_programs("malformed")
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(_page(request, "400.html"), status=400)


@login_not_required
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponseForbidden(_page(request, "403.html"))


@login_not_required
@told_to_programs("not_found")
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponseNotFound(_page(request, "404.html"))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain that the form was open too long or cookies are refused. Nothing was saved."""
    log.warning("csrf refused")
    return HttpResponseForbidden(_page(request, "403_csrf.html"))


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without the session or the account, so that this view cannot fail too. The city is optional."""
    return HttpResponseServerError(loader.render_to_string("500.html", _bare()))


@told_to_programs("down", wait=60)
def keys_down(request: HttpRequest) -> HttpResponse:
    """Answer 503, which tells proxies, browsers and certified services to retry later."""
    return HttpResponse(_page(request, "503.html"), status=503, headers={"Retry-After": "60"})


@told_to_programs("down", wait=60)
def mail_down(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_page(request, "core/mail_down.html"), status=503, headers={"Retry-After": "60"})


@told_to_programs("forged")
def row_refused(request: HttpRequest) -> HttpResponse:
    """Answer 503: what is stored is not what the portal wrote. The page names nobody, and loads no account."""
    return HttpResponse(loader.render_to_string("row_refused.html", _bare()), status=503)


@told_to_programs("down", wait=60)
def database_down(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.render_to_string("500.html", _bare()), status=503, headers={"Retry-After": "60"})


def _page(request: HttpRequest, template: str) -> str:
    """Render the usual page, or a bare one if the database or the keys fail.

    Raises:
        Forged: `core.web.faults` answers.
    """
    try:
        return loader.render_to_string(template, {"request_id": _short_request_id()}, request)
    except (DatabaseError, keys.KeyringError):
        return loader.render_to_string(template, _bare())


def _short_request_id() -> str:
    """Return the start of the request's id, for the user to quote on the phone. The logs hold the full id."""
    return logs.request_id.get()[:8]


def _bare() -> dict[str, Any]:
    city = SimpleLazyObject(_city_or_last_read)
    return {"city": city, "exit_url": settings.EXIT_URL, "bare": True, "request_id": _short_request_id()}


def _city_or_last_read() -> City:
    try:
        return City.current()
    except (DatabaseError, keys.KeyringError, Forged):
        return City.last_read()
