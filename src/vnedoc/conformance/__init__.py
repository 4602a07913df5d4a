"""What others prove themselves with: a throwaway public key infrastructure and its services, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnedoc.conformance._pki import (
    Authority,
    Credential,
    FakePki,
    crl_to_pem,
    make_key,
    to_pem,
    where_to_ask,
)

if TYPE_CHECKING:
    from vnedoc.conformance._demo import run_demo
    from vnedoc.conformance._ocsp import FakeOcsp
    from vnedoc.conformance._rewrite import rewrite_as_the_axis_does
    from vnedoc.conformance._serving import Served, serve
    from vnedoc.conformance._tsa import FakeTsa

__all__ = [
    "Authority",
    "Credential",
    "FakeOcsp",
    "FakePki",
    "FakeTsa",
    "Served",
    "crl_to_pem",
    "make_key",
    "rewrite_as_the_axis_does",
    "run_demo",
    "serve",
    "to_pem",
    "where_to_ask",
]

_LATER = {
    "FakeOcsp": "_ocsp",
    "FakeTsa": "_tsa",
    "Served": "_serving",
    "rewrite_as_the_axis_does": "_rewrite",
    "run_demo": "_demo",
    "serve": "_serving",
}


def __getattr__(name: str) -> Any:
    # The demo needs every room and two extras, the services asn1crypto and a server; a test that only wants
    # keys does not pay for them.
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"vnedoc.conformance.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
