"""Fuzz target: octets through the judgement of XML signatures; a value or a ``VnedocError``, and no forgery.

Run it with atheris, see CONTRIBUTING.md::

    python fuzz/fuzz_verify_xml.py -dict=fuzz/dsig.dict work-folder fuzz/corpus/verify_xml fuzz/corpus/found

The seeds are signed with keys that are made from names. What passes must be a signature of one of them, over
the same octets: mutations cannot sign anything else. The suite replays the corpus without atheris.
"""

import random
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
_TOKEN = re.compile(rb"<[^<>]*>|[^<>]+|[<>]")
_ATTRIBUTE = re.compile(rb' [\w:.-]+="[^"]*"')
sys.path.insert(0, str(HERE))


class Forged(AssertionError):
    """Something passes that nobody signed, or two doors say two things."""


def one_input(data: bytes) -> None:
    """Judge *data* under the default policy and under one that is content with parts.

    Raises:
        Forged: A signature passes that is none of the seeds', or covers other octets than it did there.
    """
    for policy in _policies():
        reports = _judge(data, policy)
        forged = _passed(reports) - _known()
        if forged:
            raise Forged(forged)
    _same_at_the_door(data)


@lru_cache(maxsize=1)
def _policies() -> tuple[Any, ...]:
    import attrs
    import signed_seeds

    from vnedoc.model import Limits
    from vnedoc.trust import RevocationStore, TrustStore
    from vnedoc.verification import Policy

    limits = Limits(tree_bytes=1 << 20, text_bytes=1 << 16, nodes=5000, digest_bytes=1 << 22)
    strict = Policy.strict(
        trust=TrustStore.from_der([signed_seeds.credentials()[0].der]),
        revocation=RevocationStore.from_der([signed_seeds.revocation_list()]),
        at=signed_seeds.AT,
    )
    strict = attrs.evolve(strict, limits=limits)
    return strict, attrs.evolve(strict, whole_document=False)


def _judge(data: bytes, policy: Any) -> tuple[Any, ...]:
    """Use what the judgement gives as programs do."""
    from vnedoc.errors import VnedocError
    from vnedoc.report import render_finding
    from vnedoc.verification import foreign_signatures, seal_findings, verify_xml
    from vnedoc.xml import parse

    try:
        document = parse(data, policy.limits)
        reports = verify_xml(document, policy)
    except VnedocError as error:
        str(error)
        return ()
    foreign_signatures(document)
    for finding in (*seal_findings(document), *(each for one in reports for each in one.findings)):
        for language in ("vi", "en"):
            render_finding(finding, language)
    return reports


def _passed(reports: tuple[Any, ...]) -> set[tuple[bytes, tuple[str, ...]]]:
    """Give who signed which octets, for each signature that passes."""
    from vnedoc.model import Conclusion

    return {
        (one.signer.certificate, tuple(each.digest for each in one.covers))
        for one in reports
        if one.conclusion is Conclusion.PASSED
    }


@lru_cache(maxsize=1)
def _known() -> frozenset[tuple[bytes, tuple[str, ...]]]:
    """Give what passes among the seeds."""
    known: set[tuple[bytes, tuple[str, ...]]] = set()
    for path in (HERE / "corpus" / "verify_xml").iterdir():
        known |= _passed(_judge(path.read_bytes(), _policies()[1]))
    return frozenset(known)


def _same_at_the_door(data: bytes) -> None:
    """``verify`` takes any octets and raises nothing; of XML it says no more than its signatures do."""
    from vnedoc.model import Conclusion
    from vnedoc.workflow import verify

    strict = _policies()[0]
    report = verify(data, strict)
    if report.conclusion is Conclusion.PASSED and not _passed(_judge(data, strict)):
        raise Forged(report.kind)


def shuffled(data: bytes, max_size: int, seed: int) -> bytes:
    """Give *data* with some of its tags, texts and attributes dropped, doubled or exchanged.

    Octet by octet hardly anything stays well-formed, and little would get as far as the signatures.
    """
    chance = random.Random(seed)  # noqa: S311 - the fuzzer wants the same from the same seed
    tokens = _TOKEN.findall(data)
    attributes = _ATTRIBUTE.findall(data)
    for _ in range(chance.randint(1, 3)):
        if not tokens:
            return data
        at, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        kind = chance.randrange(6)
        if kind == 0:
            del tokens[at : at + chance.choice((1, 1, 2, 3, 8))]
        elif kind == 1:
            tokens[at:at] = tokens[at : at + chance.choice((1, 2, 3, 8))]
        elif kind == 2:  # noqa: PLR2004 - one of the six
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 3 and attributes:  # noqa: PLR2004
            tokens[at] = re.sub(_ATTRIBUTE, lambda _: chance.choice(attributes), tokens[at], count=1)
        elif kind == 4 and attributes:  # noqa: PLR2004
            tokens[at] = re.sub(rb"(/?>)$", lambda end: chance.choice(attributes) + end[0], tokens[at])
        else:
            end = min(len(tokens), at + chance.choice((1, 3, 8, 20)))
            part = tokens[at:end]
            del tokens[at:end]
            tokens[other:other] = part
    return b"".join(tokens)[:max_size]


def _mutator(data: bytes, max_size: int, seed: int) -> bytes:
    import atheris

    mutated: bytes = shuffled(data, max_size, seed) if seed % 4 else atheris.Mutate(data, max_size)
    return mutated


def main() -> None:
    import atheris

    # Instrumented, one function of this module makes atheris 2.3 itself crash on Python 3.11.
    with atheris.instrument_imports(include=["vnedoc"], exclude=["vnedoc.xml._skeleton"]):
        for path in (HERE / "corpus" / "verify_xml").iterdir():  # what is imported late is imported now
            one_input(path.read_bytes())
    atheris.Setup(sys.argv, one_input, custom_mutator=_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
