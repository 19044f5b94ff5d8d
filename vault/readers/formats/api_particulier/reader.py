"""API Particulier's answers (v2, v3, v4) and its sandbox's case files (YAML: params, status, payload).

An answer seldom names its service: RSA and prime d'activité have the same three fields. Its path names it
(`Ask.endpoint`); without a path, only an answer whose fields belong to one service is read. Fields masked by a token's
scopes are absent, not null.
"""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import HEAD, guarded, json_has, json_of
from vault.readers.formats.api_particulier import services
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "api_particulier"
VERSION = "1.0.0"
CASE = re.compile(rb"^payload:[ \t]*\S", re.MULTILINE)
CASE_STATUS = re.compile(rb"^(?:status|params):", re.MULTILINE)
ERRORS = re.compile(rb'\s*\{\s*"errors"\s*:\s*\[\s*\{\s*"code"')
#: A case has a few kilobytes; parsing YAML costs far more than its size.
MAX_CASE = 256 * 1024
#: The codes of errors for a person unknown to the organisation.
NOT_FOUND_CODE = re.compile(r"\d{2}003")
NOT_FOUND_WORDS = re.compile(r"\babsente?\b|non trouv|pas été trouv|inexistant|inconnu", re.IGNORECASE)


def recognises(data: bytes, ask: Ask) -> bool:
    if ask.endpoint and services.of_path(ask.endpoint) is None:
        return False
    if _is_case(data):
        return True
    if ask.endpoint:
        return json_has(data)
    return ERRORS.match(data) is not None or json_has(data, *services.SHOWS)


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    case = _is_case(data)
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/yaml" if case else "application/json")
    status, answer = _case(data) if case else ("", json_of(data))
    if not isinstance(answer, dict):
        raise Unreadable("other_shape")
    if status not in {"", "200"} or answer.keys() & {"errors", "error"}:
        _check_error(status, answer, found)
    else:
        _read_answer(answer, ask, found)
    return found.reading()


def _read_answer(answer: Mapping[str, Any], ask: Ask, found: Found) -> None:
    data = answer.get("data", answer)
    if not isinstance(data, dict):
        raise Unreadable("other_shape")
    service = services.of_path(ask.endpoint) if ask.endpoint else services.of_content(data)
    if service is None:
        raise Unreadable("which_service")
    found.check("holder_answer", "passed")
    if service.read is None:
        found.check("no_type", "inconclusive")
        return
    service.read(data, found)
    if not found.records:
        found.warn(sentences.MASKED)


def _check_error(status: str, answer: Mapping[str, Any], found: Found) -> None:
    """Add the check of an error: inconclusive for a person unknown to the organisation, else failed."""
    absent = status == "404" or (not status and _says_not_found(answer))
    found.check("holder_answer", "inconclusive" if absent else "failed")


def _says_not_found(answer: Mapping[str, Any]) -> bool:
    if answer.get("error") == "not_found":
        return True
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    words = f"{first.get('title')} {first.get('detail')}"
    return NOT_FOUND_CODE.fullmatch(str(first.get("code"))) is not None or NOT_FOUND_WORDS.search(words) is not None


def _is_case(data: bytes) -> bool:
    head = data[:HEAD]
    return CASE.search(head) is not None and CASE_STATUS.search(head) is not None


def _case(data: bytes) -> tuple[str, Any]:
    """Return the status and body of a case. Scalars stay texts: YAML tags build no objects."""
    if len(data) > MAX_CASE:
        raise Unreadable("too_many")
    import yaml  # imported here, as no other file needs it

    try:
        case = yaml.load(data.decode("utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506 - texts, lists and dicts only
    except yaml.YAMLError:
        raise Unreadable("damaged") from None
    payload = case.get("payload") if isinstance(case, dict) else None
    if not isinstance(payload, str):
        raise Unreadable("other_shape")
    return str(case.get("status", "200")), json_of(payload.encode())
