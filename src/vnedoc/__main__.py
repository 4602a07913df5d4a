"""``python -m vnedoc``."""

from vnedoc.cli import run

if __name__ == "__main__":
    run()
