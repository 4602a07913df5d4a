"""One throwaway infrastructure for all tests of XML signatures."""

import contextlib
import time

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
def other(pki):
    return pki.issue("Trần Văn Khác")


@pytest.fixture(scope="session")
def curve(pki):
    return pki.issue("Khóa đường cong", key="p256")


@pytest.fixture(scope="session")
def check():
    """Give the one core check of a document's octets."""

    def run(data, limits=LIMITS):
        (found,) = check_signatures(parse(data), limits)
        return found

    return run


@pytest.fixture
def cpu_time():
    """Give what holds a block to so many seconds of work."""

    @contextlib.contextmanager
    def within(allowed):
        start = time.process_time()
        yield
        assert time.process_time() - start < allowed

    return within
