"""The renderer's files, and its only fetcher. WeasyPrint's default fetcher reads any local file and any URL."""

from collections.abc import Mapping
from pathlib import Path

from weasyprint.urls import URLFetcher, URLFetcherResponse

from core.pdf import FONTS

HERE = Path(__file__).parent
FACES = HERE / "faces.css"
SCHEME = "asset:"


class Refused(ValueError):
    """The renderer may not fetch this URL."""


class Assets(URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
    """Serves `asset:` URLs from memory, and the fonts by name. Refuses files, the network and `data:` URLs."""

    def __init__(self, files: Mapping[str, tuple[bytes, str]]) -> None:
        super().__init__(allowed_protocols={"asset"}, allow_redirects=False)
        self._files = files

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        body, media_type = self._find(url)
        return URLFetcherResponse(url, body=body, headers={"Content-Type": media_type})

    def _find(self, url: str) -> tuple[bytes, str]:
        name = url.removeprefix(SCHEME)
        if name == url:
            raise Refused("only the document's own files can be opened")
        if name in self._files:
            return self._files[name]
        font = FONTS / Path(name).name
        if name == f"fonts/{font.name}" and font.suffix == ".ttf" and font.is_file():
            return font.read_bytes(), "font/ttf"
        raise Refused("no such file in this document")
