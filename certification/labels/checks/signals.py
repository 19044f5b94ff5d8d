"""Checks by trial signals, signed as Standard Webhooks 1.0 says: the service answers within ten seconds, by 2xx."""

import base64
import hmac
import json
import secrets
from typing import Any

from certification.labels.checks.subject import Found, Subject, failed, passed, unanswered, unsure
from core.outgoing import Answer, NoAnswer

SECONDS = 10.0


def erases(subject: Subject) -> Found:
    """C10: the signals of a withdrawal and of an erasure are answered; one with a false signature is refused.

    That the erasure is confirmed within thirty days is seen on real ones.
    """
    return _first_bad(subject, "consent.withdrawn", "erasure.requested") or _forged(subject) or _answered(subject)


def drilled(subject: Subject) -> Found:
    """C19: the signal of the yearly drill is acknowledged."""
    return _first_bad(subject, "incident.drill") or _answered(subject)


def announced_end(subject: Subject) -> Found:
    """C25: the signal that a service ends is acknowledged."""
    return _first_bad(subject, "service.ending") or _answered(subject)


def sign(secret: bytes, message_id: str, moment: int, body: bytes) -> str:
    """Return the signature of a signal, as `v1,BASE64`."""
    signed = f"{message_id}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def _first_bad(subject: Subject, *events: str) -> Found | None:
    if not subject.signal_url:
        return unsure("signal_unknown")
    for event in events:
        try:
            answer = _send(subject, event, subject.signal_secret)
        except NoAnswer as problem:
            if problem.code == "slow":
                return failed("signal_slow", url=subject.signal_url, event=event)
            return unanswered(problem, subject.signal_url)
        if not 200 <= answer.status < 300:
            return failed("signal_refused", url=subject.signal_url, event=event, status=answer.status)
    return None


def _forged(subject: Subject) -> Found | None:
    try:
        answer = _send(subject, "erasure.requested", secrets.token_bytes(32))
    except NoAnswer:
        return None
    if 200 <= answer.status < 300:
        return failed("signal_not_checked", url=subject.signal_url)
    return None


def _answered(subject: Subject) -> Found:
    return passed("signal_answered", url=subject.signal_url)


def _send(subject: Subject, event: str, secret: bytes) -> Answer:
    moment = int(subject.now.timestamp())
    content: dict[str, Any] = {
        "type": event,
        "timestamp": subject.now.isoformat(),
        # A trial names no agreement: nothing is to be erased.
        "data": {"trial": True, "service": str(subject.request.service_id)},
    }
    body = json.dumps(content).encode()
    message_id = f"msg_{secrets.token_hex(12)}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(secret, message_id, moment, body),
    }
    return subject.client.post(subject.signal_url, body, headers=headers)
