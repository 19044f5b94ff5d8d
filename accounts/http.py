from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.sessions import SessionStore


class SignedInRequest(HttpRequest):
    """A request accepted by LoginRequiredMiddleware, so its user is a `User`."""

    user: User
    session: SessionStore
