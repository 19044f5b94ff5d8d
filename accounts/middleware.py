"""Middleware of sessions and rights. Settings order them: session, sign-in, second factor, the resident's scope."""

from collections.abc import Callable

from django.contrib.sessions import middleware as sessions
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django_scopes import scope

from accounts import devices, perms
from accounts.sign_in import second_factor, visitors
from accounts.sign_in.sessions import SessionStore
from core import rows
from core.views import row_refused

Response = Callable[[HttpRequest], HttpResponse]


class SessionMiddleware(sessions.SessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if isinstance(request.session, SessionStore):
            request.session.device = devices.recognise(request.headers.get("User-Agent", ""))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        # Only a session that was read: while the database is down, its error page reads none.
        if isinstance(request.session, SessionStore) and hasattr(request.session, "_session_cache"):
            visitors.drop_over(request.session)
        try:
            response = super().process_response(request, response)
        except rows.Forged as forged:
            rows.report(forged)
            return row_refused(request)
        if isinstance(request.session, SessionStore):
            request.session.seen()
        return response


class SecondFactorMiddleware(MiddlewareMixin):
    """Restricts users who work for others without a second factor to the pages that set one up or ask for it."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if not perms.needs_second_factor(request) or perms.is_open_without_second_factor(request):
            return None
        return redirect(second_factor.next_page(request))


class ResidentScopeMiddleware:
    """Opens the scope of the signed-in resident. Outside a scope, any query on residents' rows raises.

    Users who work for others own no vault, so they get no scope and no access to residents' pages. Companions' pages
    open the scope of a mandate.
    """

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not perms.owns_a_vault(request):
            return self.get_response(request)
        with scope(resident=request.user.pk):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> None:
        if not request.user.is_authenticated:
            return
        if perms.is_companion_view(view):
            if not request.user.is_companion:
                raise PermissionDenied
        elif perms.is_agent_view(view):
            if not request.user.is_staff:
                raise PermissionDenied
        elif perms.is_publisher_view(view):
            if not request.user.is_publisher:
                raise PermissionDenied
        elif perms.is_resident_view(request, view) and not perms.owns_a_vault(request):
            raise PermissionDenied
