"""Writing to the console: results to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from typing import TextIO

from vnedoc.errors import FileError, VnedocError
from vnedoc.report import plain, render_error


def _tolerant(stream: TextIO) -> None:
    """Let a console that lacks Vietnamese letters show a mark instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


class Console:
    """Where a command writes."""

    def __init__(self) -> None:
        _tolerant(sys.stdout)
        _tolerant(sys.stderr)

    def say(self, text: str = "") -> None:
        """Write a line of result to stdout, as well as the console's encoding can."""
        self._write(text + "\n")

    def data(self, text: str) -> None:
        """Write JSON or HTML to stdout, always as UTF-8."""
        self.flush()
        octets = text.encode("utf-8", "backslashreplace") + b"\n"
        binary = getattr(sys.stdout, "buffer", None)
        try:
            if binary is None:
                sys.stdout.write(octets.decode("utf-8"))
            else:
                binary.write(octets)
                binary.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def note(self, text: str) -> None:
        """Write a line of progress or warning to stderr."""
        print(text, file=sys.stderr, flush=True)

    def error(self, error: VnedocError) -> None:
        """Explain *error* on stderr, in Vietnamese and in English."""
        where = f" [{plain(error.path)}]" if error.path else ""
        self.note(f"vnedoc: {error.code}{where}")
        for lang in ("vi", "en"):
            message = render_error(error, lang)
            self.note(f"  [{lang}] {message.seen} {message.next}".rstrip())

    def internal(self, error: Exception) -> None:
        """Name a defect of our own; the traceback only where the environment asks for it."""
        self.note(
            f"vnedoc: VND-INTERNAL: {type(error).__name__}: an error of vnedoc itself, please report it"
        )
        if os.environ.get("VNEDOC_TRACEBACK"):
            self.note("".join(traceback.format_exception(error)))

    def flush(self) -> None:
        """Write out what is buffered."""
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def abandon(self) -> None:
        """Point stdout elsewhere, so that the interpreter does not stumble over it when it ends."""
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error


def _unwritable(error: OSError) -> FileError:
    return FileError(
        "VND-IO-002",
        f"cannot write: {error.strerror or error}",
        path="stdout",
        hint="check where the output goes",
        facts={"reason": error.strerror or str(error)},
    )
