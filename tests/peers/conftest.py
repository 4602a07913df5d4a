"""Fixtures for the tests against independent engines."""

import pytest
from dsig_samples import LIMITS

from vnedoc.conformance import FakePki
from vnedoc.dsig import check_signatures
from vnedoc.xml import parse


@pytest.fixture(scope="session")
def pki():
    return FakePki.create(key="p256")


@pytest.fixture(scope="session")
def person(pki):
    return pki.issue("Nguyễn Thị Thử")


@pytest.fixture(scope="session")
def check():
    """Give the one core check of a document's octets."""

    def run(data, limits=LIMITS):
        (found,) = check_signatures(parse(data), limits)
        return found

    return run
