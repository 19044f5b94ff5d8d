"""Child processes that never outlive their parent (Linux: PR_SET_PDEATHSIG)."""

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def dies_with_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """Return a `preexec_fn` that makes the kernel send `number` to the child when the calling thread ends.

    It works even after kill -9 of the parent. Changing user cancels it, so a child that drops root's rights must call
    it afterwards (subprocess uses that order).
    """
    parent = os.getpid()

    def set_signal() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return set_signal
