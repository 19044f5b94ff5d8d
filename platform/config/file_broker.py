"""Celery's file-system transport, with atomic messages.

Kombu creates a message's file, then writes it. A worker that reads it in between gets an empty message and stops for
good.
"""

from pathlib import Path
from time import monotonic
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: object, **_options: object) -> None:  # type: ignore[override]
        """Write a message under a temporary name, then rename it.

        Raises:
            ChannelError: the folder is missing, or the disk is full.
        """
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        part = folder / f"{name}.part"
        try:
            part.write_text(dumps(message))  # type: ignore[no-untyped-call]
            part.rename(folder / name)
        except OSError as error:
            raise ChannelError(f"No message can be put into {folder}.") from error


class Transport(filesystem.Transport):
    Channel = Channel
