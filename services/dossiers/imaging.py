"""Papers as page images, made by the reader's limited child process."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from services.dossiers.pdf.content import Box, PageImage
from vault.readers import sandbox

#: A child uses one core and most of its time; a second one halves the wait, more would starve the machine's other work.
AT_ONCE = 2


@dataclass(frozen=True)
class Source:
    """A file to open; `coded`: it holds a signed code, whose place on the page is then looked for."""

    open: Callable[[], BinaryIO]
    coded: bool = False


def rasters(sources: Iterable[Source]) -> Iterator[list[PageImage]]:
    """The pages of each file, in order. Files are opened here, one by one, in the caller's thread: the gate's journal is written there.

    Raises:
        Unreadable: at the file's turn.
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
