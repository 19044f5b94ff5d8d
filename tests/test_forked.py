"""The processes that stand for the limited children."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

from pypdf import PdfReader

from tests import forked


def test_threads_that_ask_at_once_each_get_their_own_answer() -> None:
    def text(word: str) -> str:
        html = f"<html lang='fr'><title>Lettre</title><p>{word}</p></html>"
        drawn = forked.parent("core.pdf.child").answer(
            json.dumps({"html": html, "style": "", "tagged": True}).encode()
        )
        return PdfReader(io.BytesIO(drawn)).pages[0].extract_text()

    words = [f"lettre {number}" for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(text, words)) == words
