"""Convert papers to page images in the sandboxed child process of the readers."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from services.dossiers.pdf.content import Box, PageImage
from vault.readers import sandbox

#: Each child keeps one core busy: two halve the wait, more would starve other work.
AT_ONCE = 2


@dataclass(frozen=True)
class Source:
    """A file to open. `coded` makes the child locate a signed code on the pages."""

    open: Callable[[], BinaryIO]
    coded: bool = False


def rasters(sources: Iterable[Source]) -> Iterator[list[PageImage]]:
    """Yield the page images of each file, in order.

    Files are opened in the caller's thread, because the gate writes the journal there.

    Raises:
        Unreadable: when a file's turn comes.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="raster") as pool:
        waiting: deque[Future[list[PageImage]]] = deque()
        for source in sources:
            waiting.append(pool.submit(_raster, source.open(), source.coded))
            if len(waiting) == AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _raster(stream: BinaryIO, coded: bool) -> list[PageImage]:
    with stream:
        found = sandbox.pages(stream, find_codes=coded)
        return [
            PageImage(image.jpeg, image.width, image.height, tuple(Box(*corners) for corners in image.codes))
            for image in found
        ]
