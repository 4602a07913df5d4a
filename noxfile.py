"""Sessions for people; ``.ci/run`` runs the same commands in one go. Needs uv: ``uv run nox -l``."""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "layers", "tests", "docs", "package"]

# pyenv keeps its interpreters behind shims that only start the chosen one: look at them directly.
_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *map(str, sorted(_PYENV.glob("3.1[1-4].*/bin")))])

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
ROOT = Path(__file__).parent


def _sync(session: nox.Session, *groups: str, project: bool = True) -> None:
    """Install dependency groups, and the checkout, into the session's environment."""
    wanted = [f"--group={one}" for one in groups]
    session.run_install(
        "uv",
        "sync",
        "--quiet",
        "--no-default-groups",
        *wanted,
        *([] if project else ["--no-install-project"]),
        f"--python={session.virtualenv.location}",
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
    )


def _wheel(session: nox.Session) -> str:
    """Build the wheel into the session's own folder and give its path."""
    folder = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("uv", "build", "--quiet", "--wheel", f"--out-dir={folder}", external=True)
    (wheel,) = folder.glob("*.whl")
    return str(wheel)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and spelling."""
    _sync(session, "lint", project=False)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run(
        "codespell", "src", "tests", "docs", "benchmarks", "scripts", "fuzz", *map(str, ROOT.glob("*.md"))
    )


@nox.session
def types(session: nox.Session) -> None:
    """Both type checkers: mypy over everything, pyright over the public surface."""
    _sync(session, "extras", "test", "types")
    session.run("mypy")
    session.run("mypy", "--follow-imports=silent", "tests/typing/front_door.py")
    session.run("pyright")


@nox.session
def layers(session: nox.Session) -> None:
    """The rooms and their arrows."""
    _sync(session, "extras", "lint")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The suite on the built wheel, on each Python that is found."""
    _sync(session, "test", "lint", project=False)
    session.run(
        "uv", "pip", "install", "--quiet", f"vnedoc[all] @ {Path(_wheel(session)).as_uri()}", external=True
    )
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "2"]))


@nox.session
def corpus(session: nox.Session) -> None:
    """Everything, the shared corpus, servers and slow tests too."""
    _sync(session, "extras", "test", "lint")
    session.run("python", "-m", "pytest", "-m", "", *(session.posargs or ["-n", "2"]))


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, every reference resolved and every warning an error."""
    _sync(session, "extras", "docs")
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html")


@nox.session
def package(session: nox.Session) -> None:
    """A plain installation without extras imports, verifies and says what it lacks."""
    session.install(_wheel(session))
    session.run("python", "-W", "error", "-c", "import vnedoc")
    session.run("vnedoc", "--version")
    session.run("vnedoc", "doctor")


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks against their peers."""
    _sync(session, "extras", "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(venv_backend="none")
def pin(session: nox.Session) -> None:
    """Write requirements/dev.txt again: every dependency by version and hash, no address."""
    session.run(sys.executable, "scripts/pin.py", *session.posargs, env=dict(os.environ))
