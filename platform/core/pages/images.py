"""Images inside a page, which has no address of their own: nothing keeps them apart from the page."""

import base64


def as_address(jpeg: bytes) -> str:
    """Return the `src` of an image. The page is larger by four thirds of it, and nothing else may cache it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
