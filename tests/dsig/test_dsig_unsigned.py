"""Content inside a signature that nothing signs, and what many references may cost."""

import time

import attrs
import pytest
from dsig_samples import DS, XADES, policy_of

from vnedoc.conformance import FakePki
from vnedoc.dsig import check_signatures
from vnedoc.model import Conclusion, Limits, SubIndication, Wire
from vnedoc.signing import sign_xml
from vnedoc.verification import foreign_signatures, seal_findings, verify_xml
from vnedoc.xml import parse
