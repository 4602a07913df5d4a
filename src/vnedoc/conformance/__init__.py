"""What others prove themselves with: a throwaway public key infrastructure, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnedoc.conformance._pki import Authority, Credential, FakePki, crl_to_pem, make_key, to_pem

if TYPE_CHECKING:
    from vnedoc.conformance._demo import run_demo
    from vnedoc.conformance._rewrite import rewrite_as_the_axis_does

__all__ = [
    "Authority",
    "Credential",
    "FakePki",
    "crl_to_pem",
    "make_key",
    "rewrite_as_the_axis_does",
    "run_demo",
    "to_pem",
]

_LATER = {"run_demo": "_demo", "rewrite_as_the_axis_does": "_rewrite"}


def __getattr__(name: str) -> Any:
    # The demo needs every room and two extras; a test that only wants keys does not pay for them.
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"vnedoc.conformance.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
