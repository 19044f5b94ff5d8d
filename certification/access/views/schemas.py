"""The shapes of the API's answers, as the OpenAPI document describes them. `presenting.api` makes them."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from certification.access.enums import LOTS, VAULT, Environment
from certification.access.presenting.api import EVENTS
from certification.access.problems import MEANINGS
from vault import types
from vault.holders.enums import LineOutcome, Rhythm
from vault.records.enums import Assurance, GrantState, Method, Mode
from vault.sharing.actions.erasures import LONGEST
from vault.sharing.enums import ErasureAnswer, ErasureCause

KINDS = sorted({info.kind for one in types.all_types() for info in one.fields.values()})


class SpanSchema(serializers.Serializer):
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)


class ValiditySchema(serializers.Serializer):
    # “from” is a word of Python.
    vars()["from"] = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)


class ValueSchema(serializers.Serializer):
    value = serializers.JSONField(help_text="As the field's JSON Schema describes it (/donnees/).")
    holder = serializers.CharField(help_text="Who holds the value; “résident” if they typed it.")
    assurance = serializers.ChoiceField(Assurance.values)
    method = serializers.ChoiceField(Method.values)
    retrieved_at = serializers.DateTimeField()
    issued_at = serializers.DateTimeField(allow_null=True)
    period = SpanSchema()
    valid = ValiditySchema()


class DescribedSchema(serializers.Serializer):
    field = serializers.CharField(help_text="type#/pointer")
    kind = serializers.ChoiceField(KINDS)
    unit = serializers.CharField(allow_null=True)


class FieldSchema(DescribedSchema):
    values = ValueSchema(many=True, help_text="Newest first; empty if the vault has none.")


class FieldsSchema(serializers.Serializer):
    grant = serializers.UUIDField()
    # A serializer has a property of this name.
    vars()["fields"] = FieldSchema(many=True)


class NoticeSchema(serializers.Serializer):
    version = serializers.CharField()
    sha256 = serializers.CharField()
    language = serializers.CharField()


class DocumentSchema(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()


class GrantSchema(serializers.Serializer):
    id = serializers.UUIDField()
    purpose = serializers.UUIDField()
    title = serializers.CharField()
    state = serializers.ChoiceField(GrantState.values)
    mode = serializers.ChoiceField(Mode.values)
    keep_days = serializers.IntegerField(allow_null=True)
    at_most_every_seconds = serializers.IntegerField(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    notice = NoticeSchema()
    vars()["fields"] = DescribedSchema(many=True)
    documents = DocumentSchema(many=True)
    writes = serializers.ListField(child=serializers.CharField(), help_text="Types of data that you may write.")
    environment = serializers.ChoiceField(Environment.values)


class EventSchema(serializers.Serializer):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(sorted({*EVENTS.values()}))
    at = serializers.DateTimeField()
    grant = serializers.UUIDField()
    ends_at = serializers.DateTimeField()
    removed = serializers.ListField(
        child=serializers.CharField(), help_text="Fields, and documents by id, that the resident took out."
    )


class EventsSchema(serializers.Serializer):
    events = EventSchema(many=True)


class ErasureSchema(serializers.Serializer):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(["erasure.requested"], help_text="As its webhook calls it.")
    grant = serializers.UUIDField()
    sub = serializers.CharField(help_text="The name by which the service knows the resident.")
    purpose = serializers.UUIDField()
    cause = serializers.ChoiceField([one.value for one in ErasureCause])
    vars()["fields"] = serializers.ListField(child=serializers.CharField(), help_text="That were read.")
    paper_kinds = serializers.ListField(child=serializers.CharField(), help_text="Of papers that were opened.")
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    answer = serializers.ChoiceField([one.value for one in ErasureAnswer], allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class ErasuresSchema(serializers.Serializer):
    erasures = ErasureSchema(many=True)


class ErasureAnswerSchema(serializers.Serializer):
    """The answer to a request to erase. A refusal says why (GDPR, article 12-4); the resident reads it."""

    answer = serializers.ChoiceField([one.value for one in ErasureAnswer])
    reason = serializers.CharField(required=False, max_length=LONGEST)

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if sent["answer"] == ErasureAnswer.REFUSED and not sent.get("reason"):
            raise serializers.ValidationError("say why")
        return sent


#: The body by which a service writes back. In words of its own: a serializer would let other properties through.
MOST_VALUES, LONGEST_TYPE = 100, 60
WRITING: dict[str, Any] = {
    "type": "object",
    "required": ["values"],
    "additionalProperties": False,
    "properties": {
        "values": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_VALUES,
            "items": {
                "type": "object",
                "required": ["type", "payload"],
                "additionalProperties": False,
                "properties": {
                    "type": {"type": "string", "minLength": 1, "maxLength": LONGEST_TYPE},
                    "payload": {
                        "type": "object",
                        "description": "As the type's JSON Schema describes it (/donnees/).",
                    },
                },
            },
        }
    },
}


class WrittenSchema(serializers.Serializer):
    written = serializers.IntegerField(help_text="New in the vault, or in place of what you wrote before.")
    known = serializers.IntegerField(help_text="There already, or withdrawn by the resident.")


class PairingSchema(serializers.Serializer):
    """The code that a resident gave to a holder."""

    code = serializers.CharField(min_length=1, max_length=40, trim_whitespace=False)


class ConnectionSchema(serializers.Serializer):
    sub = serializers.CharField(help_text="The name by which the holder knows the resident.")
    types = serializers.ListField(child=serializers.CharField(), help_text="That the resident accepted.")
    rhythm = serializers.ChoiceField(Rhythm.values)
    until = serializers.DateField()


class RefusedLineSchema(serializers.Serializer):
    line = serializers.IntegerField(help_text="From 1; blank lines do not count.")
    code = serializers.ChoiceField([one for one in LineOutcome.values if one != LineOutcome.WRITTEN])


class LotSchema(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(["writing", "done"])
    received_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    signed = serializers.BooleanField()
    lines = serializers.IntegerField()
    written = serializers.IntegerField(help_text="Lines whose data the resident's vault has.")
    waiting = serializers.IntegerField()
    refused = RefusedLineSchema(many=True)


class ProblemSchema(serializers.Serializer):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(sorted(map(str, MEANINGS)))


def finish(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Say of each body that it is required: no address takes a call without its own. Drop the package's own marks."""
    for address in result["paths"].values():
        for operation in address.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    for shape in result["components"]["schemas"].values():
        for described in shape["properties"].values():
            described.pop("x-spec-enum-id", None)
    return result


EITHER = "A bearer token; or one that DPoP binds to a key (RFC 9449), with a proof in each call."


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package's own
    """Describes how a program gets its token; the document finds it by `target_class`."""

    target_class = "certification.access.bearer.BearerAuthentication"
    name = "oauth2"

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]]:
        return {self.name: [VAULT]}

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        flow = {
            "authorizationUrl": settings.SPECTACULAR_SETTINGS["OAUTH2_AUTHORIZATION_URL"],
            "tokenUrl": settings.SPECTACULAR_SETTINGS["OAUTH2_TOKEN_URL"],
            "refreshUrl": settings.SPECTACULAR_SETTINGS["OAUTH2_REFRESH_URL"],
            "scopes": settings.SPECTACULAR_SETTINGS["OAUTH2_SCOPES"],
        }
        return {"type": "oauth2", "flows": {"authorizationCode": flow}, "description": EITHER}


class SenderScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package's own
    """Describes how a holder's program gets its token, without a resident."""

    target_class = "certification.access.bearer.SenderAuthentication"
    name = "holder"

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]]:
        return {self.name: [LOTS]}

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        scopes = {LOTS: settings.SPECTACULAR_SETTINGS["OAUTH2_SCOPES"][LOTS]}
        flow = {"tokenUrl": settings.SPECTACULAR_SETTINGS["OAUTH2_TOKEN_URL"], "scopes": scopes}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}


class ProgramScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the package's own
    """Describes how a program proves who it is where no resident's token is needed."""

    target_class = "certification.access.bearer.ProgramAuthentication"
    name = "program"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic", "description": "The program's identifier and secret."}
