"""Checks of what a service did at the portal: in the sandbox with what is necessary only, and when erasing was due."""

from certification.labels import across, agreements
from certification.labels.checks.subject import Found, Subject, failed, passed, unsure
from certification.labels.models import Purpose, PurposeVersion
from certification.labels.models.label import sha256_of


def works_without_optional(subject: Subject) -> Found:
    """C05: a persona refused everything optional, and the program read what is necessary instead of giving it back.

    Each purpose that asks for something optional is tried once, as it is written in the request.
    """
    choices = [one for one in subject.purposes if _has_optional(one)]
    if not choices:
        return passed("nothing_optional")
    for purpose in choices:
        trial = _trial(subject, purpose)
        if trial is None:
            return unsure("optional_untried", purpose=purpose.title)
        if trial.given_back:
            return failed("optional_needed", purpose=purpose.title)
        if not trial.read:
            return unsure("optional_unread", purpose=purpose.title)
    return passed("works_without_optional", count=len(choices))


def keeps_deadlines(subject: Subject) -> Found:
    """C26: what residents asked to erase was answered in time. Who reads a complaint is a person: an agent asks."""
    due, late = across.erasures_due(subject.request.service_id, subject.now)
    if late:
        return failed("erasures_late", count=late, due=due)
    return passed("deadlines_kept", count=due) if due else unsure("nothing_due")


def _has_optional(purpose: Purpose) -> bool:
    fields, papers = purpose.fields.filter(required=False), purpose.papers.filter(required=False)
    return bool(purpose.writes) or fields.exists() or papers.exists()


def _trial(subject: Subject, purpose: Purpose) -> across.Trial | None:
    service = subject.request.service
    sha256 = sha256_of(agreements.frozen(purpose, service))
    version = PurposeVersion.objects.filter(service=service, sha256=sha256).first()
    if version is None:
        return None
    fields = [one.field for one in purpose.fields.all() if one.required]
    kinds = [one.kind for one in purpose.papers.all() if one.required]
    return across.minimal_trial(version.agreement, fields, kinds)
