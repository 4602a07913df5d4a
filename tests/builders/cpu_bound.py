"""How many seconds of work hostile input may cost, where that is measured in the process of the test."""

import sys

_TRACER = 4  # what the tracer that measures coverage multiplies Python's own work by, at most


def seconds(allowed: float) -> float:
    """Give the bound, wider where every line is traced."""
    return allowed * (1 if sys.gettrace() is None else _TRACER)
