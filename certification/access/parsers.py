from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from core.unstorable import is_unstorable


class StorableJSONParser(JSONParser):
    """Reads JSON that the database can store: nested no deeper than Python reads, each text of whole characters."""

    def parse(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - the toolkit's own
        try:
            content = super().parse(*args, **options)
        except RecursionError as error:
            raise ParseError from error
        if is_unstorable(content):
            raise ParseError
        return content
