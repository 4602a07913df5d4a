"""Every exception of vnedoc, in one tree.

::

    VnedocError                      .code .message .path .hint .facts   (never raised itself)
    ├── InputError (ValueError)      what the caller gave
    │   ├── DecodeError              not well formed, or not the expected format
    │   ├── RuleError                the rules of the document failed          .findings
    │   ├── LimitExceeded            a field of Limits was hit
    │   └── ConfigError              a policy, trust or settings value is unusable
    ├── FileError (OSError)          a file or folder could not be read or written
    ├── SigningError                 a signature could not be made
    │   ├── KeyUnavailable           wrong passphrase, no key, key and certificate differ
    │   └── StateMismatch            the document is not the one that was prepared
    ├── VerificationError            raised by Report.require()                .report
    │   └── VerificationIndeterminate
    ├── TransportError               a document could not be carried
    │   ├── TransientError           nothing reached the peer, or it said "later"
    │   ├── AmbiguousError           the peer may have it
    │   ├── PermanentError           the peer will never take it
    │   ├── RouteError               credentials or settings: pauses the route
    │   └── SecurityError            a receipt or digest does not match: never retried
    ├── ExchangeError                the outbox or inbox refused a step
    │   └── Conflict                 the same identifier with another content
    └── MissingExtra (ImportError)   an optional part is not installed

Tests and programs branch on the class and on ``code``; the sentence may change at any time.
Exceptions are plain classes, so that pickling, copying and ``contextlib`` work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from typing import Self

FactValue: TypeAlias = "str | int | bool | Sequence[FactValue] | Mapping[str, FactValue] | None"


class VnedocError(Exception):
    """Root of every error that vnedoc raises on purpose.

    Attributes:
        code: Stable code such as ``VND-XML-001``; it is never used for anything else.
        message: One English sentence. The catalogues of ``vnedoc.report`` hold both languages.
        path: Where in the input: a file, an XPath, or a field; ``None`` when it is the whole.
        hint: What to do next, in English; may be empty.
        facts: What was seen, as JSON values. Never holds a secret.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        path: str | None = None,
        hint: str = "",
        facts: Mapping[str, FactValue] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
        self.facts: dict[str, FactValue] = dict(facts or {})

    def __str__(self) -> str:
        where = f" [{self.path}]" if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code}: {self.message}{where}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # ImportError keeps "path" in a slot of its own, outside __dict__.
        return (_rebuild, (type(self), {**self.__dict__, "path": self.path}))


def _rebuild(cls: type[VnedocError], state: dict[str, Any]) -> VnedocError:
    error = cls.__new__(cls)
    Exception.__init__(error, state["message"])
    for name, value in state.items():
        setattr(error, name, value)
    return error


class InputError(VnedocError, ValueError):
    """Something that the caller gave cannot be used."""


class DecodeError(InputError):
    """The bytes are not well formed, or not of the expected format."""


class RuleError(InputError):
    """The rules of the document failed.

    Attributes:
        findings: All of them (``vnedoc.model.Finding``), worst first.
    """

    def __init__(self, code: str, message: str, *, findings: Sequence[Any] = (), **more: Any) -> None:
        super().__init__(code, message, **more)
        self.findings: tuple[Any, ...] = tuple(findings)


class LimitExceeded(InputError):
    """A field of ``Limits`` was hit; ``facts`` holds ``limit`` (its name), ``allowed`` and ``seen``."""

    @classmethod
    def of(cls, code: str, limit: str, allowed: int, seen: int | None, *, path: str | None = None) -> Self:
        """Build the error for the field *limit* of ``Limits``."""
        amount = "more" if seen is None else str(seen)
        return cls(
            code,
            f"limit {limit} allows {allowed}, seen {amount}",
            path=path,
            hint=f"if you trust the source, raise Limits({limit}=...)",
            facts={"limit": limit, "allowed": allowed, "seen": seen},
        )


class ConfigError(InputError):
    """A policy, trust or settings value is unusable, for example no certificate in a folder."""

    @classmethod
    def wrong_kind(cls, code: str, name: str, given: object, needs: str) -> Self:
        """Build the error for an argument of another kind; the value itself is never shown."""
        seen = type(given).__name__
        return cls(
            code,
            f"{name} is a {seen}, and must be {needs}",
            hint=f"give {name} as {needs}",
            facts={"name": name, "seen": seen, "needs": needs},
        )


class FileError(VnedocError, OSError):
    """A file or folder could not be read or written; nothing half-written is left."""


class SigningError(VnedocError):
    """A signature could not be made."""


class KeyUnavailable(SigningError):
    """The key cannot be used: wrong passphrase, no key in the file, key and certificate differ."""


class StateMismatch(SigningError):
    """``complete`` was given another document, key or state than ``prepare``."""


class VerificationError(VnedocError):
    """Raised by ``Report.require()`` when the conclusion is FAILED.

    Attributes:
        report: The whole ``vnedoc.model.Report``.
    """

    def __init__(self, code: str, message: str, *, report: Any = None, **more: Any) -> None:
        super().__init__(code, message, **more)
        self.report = report


class VerificationIndeterminate(VerificationError):
    """Raised by ``Report.require()`` when the conclusion is INDETERMINATE: not wrong, but not proven."""


class TransportError(VnedocError):
    """A document could not be carried. The subclasses say whether trying again is right."""


class TransientError(TransportError):
    """Nothing reached the peer, or the peer said "later".

    Attributes:
        retry_after: Seconds the peer asked for, or ``None``.
    """

    def __init__(self, code: str, message: str, *, retry_after: float | None = None, **more: Any) -> None:
        super().__init__(code, message, **more)
        self.retry_after = retry_after


class AmbiguousError(TransportError):
    """The request was, or may have been, written and no answer was understood."""


class PermanentError(TransportError):
    """The peer will never take this document."""


class RouteError(TransportError):
    """Credentials, certificates or settings of the route are wrong; the document is not to blame."""


class SecurityError(TransportError):
    """A digest, receipt or identifier does not match; kept for a person, never retried."""


class ExchangeError(VnedocError):
    """The outbox or inbox refused a step."""


class Conflict(ExchangeError):
    """The same identifier came with another content; the first one stays."""


class MissingExtra(VnedocError, ImportError):
    """An optional part is not installed; ``hint`` is the command that installs it."""

    @classmethod
    def of(cls, extra: str, need: str) -> Self:
        """Build the error for the extra *extra*, needed for *need*."""
        return cls(
            "VND-EXTRA-001",
            f"{need} needs an optional part that is not installed",
            hint=f"pip install 'vnedoc[{extra}]'",
            facts={"extra": extra},
        )
