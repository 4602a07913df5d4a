"""The command ``vnedoc``. Its arguments, outputs and exit codes are a contract that others script against.

Exit codes: 0 yes or done, 1 no, 2 usage, input or output, or an error of our own, 3 not decided,
130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from vnedoc.cli._console import Console
from vnedoc.cli._parser import build_parser
from vnedoc.errors import RuleError, VnedocError

EXIT_NO = 1
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; only the ``SystemExit`` of a usage error gets out."""
    console = Console()
    try:
        options = build_parser().parse_args(argv)
        code: int = options.run(options, console)
        console.flush()
    except RuleError as error:
        console.error(error)
        return EXIT_NO
    except VnedocError as error:
        console.error(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; say nothing more, not even at shutdown.
        console.abandon()
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the contract: a bare traceback would exit 1, which means "failed"
        console.internal(error)
        return EXIT_ERROR
    return code


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())
