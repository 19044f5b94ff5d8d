"""What every process of the portal gives up, beside its children: others of its user may not look into it."""

import ctypes
import resource

PR_SET_DUMPABLE = 4


def forbid_inspection() -> None:
    """Forbid core files for ever, and others of the same user to trace this process, read its memory or variables.

    Root still may. A program that this process starts is not covered; a fork is.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
