from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.sessions import SessionStore


class SignedInRequest(HttpRequest):
    """A request that LoginRequiredMiddleware has let through."""

    user: User
    session: SessionStore
