"""What the portal asks the kernel (Linux) for its processes: to end with their parent."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask the kernel to end this process with its parent: the web server's workers would survive a kill -9 of it.

    Call it in the child; a parent that already ended counts too.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    parent = os.getppid()
    prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
