"""Every public sample, changed by chance: findings or a typed error, in bounded memory and time."""

import contextlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from memory_peak import PEAK

import vnedoc
from vnedoc.edxml import EdXmlCodec, check, extract
from vnedoc.errors import VnedocError
from vnedoc.model import Limits, Wire
from vnedoc.xml import parse

resource = pytest.importorskip("resource", reason="limits of a process are asked from the system")
pytestmark = [pytest.mark.corpus, pytest.mark.timeout(120)]

SMALL, FEW, MANY = 20_000, 20, 150
MOST_GROWTH = 100 * 1024 * 1024
_TAG = re.compile(rb"</?[A-Za-z][^<>]{0,200}>")
_MARKS = (b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"\x00", b"\xff\xfe", b"\xef\xbf\xbd", b"=", b"\r")


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change *data* in one to four places: octets, pieces, tags, its end."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if made:
            chance.choice((_octet, _piece, _tags, _cut))(made, chance)
    return bytes(made)


def _octet(made: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(made))
    if chance.random() < 0.5:
        made[at] ^= 1 << chance.randrange(8)
    else:
        made[at : at + chance.randrange(2)] = chance.choice(_MARKS)


def _piece(made: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(made)), chance.choice((1, 2, 7, 40, 300))
    piece = made[at : at + size]
    if chance.random() < 0.5:
        del made[at : at + size]
    else:
        made[at:at] = piece * chance.choice((1, 2, 50))


def _tags(made: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(made))
    tags = list(_TAG.finditer(made, max(0, at - 2000), at + 2000))
    if not tags:
        return
    one, other = (
        min(pair := [chance.choice(tags) for _ in "ab"], key=re.Match.start),
        max(pair, key=re.Match.start),
    )
    if one.start() != other.start():
        first, second = one[0], other[0]
        made[other.start() : other.end()] = first
        made[one.start() : one.end()] = second
    else:
        made[one.end() : one.end()] = one[0] * chance.choice((1, 3))


def _cut(made: bytearray, chance: random.Random) -> None:
    if chance.random() < 0.3:
        del made[chance.randrange(len(made)) :]


def judged(data: bytes) -> None:
    """Put octets through every door that takes any file; only a ``VnedocError`` may come out."""
    for mode in ("strict", "lenient"):
        codec = EdXmlCodec(mode=mode)
        with contextlib.suppress(VnedocError):
            decoded = codec.decode(Wire.from_bytes(data))
            assert all(one.code.startswith("VND-") for one in (*decoded.findings, *check(decoded.message)))
            for one in getattr(decoded.message, "attachments", ()):
                assert sum(map(len, one.blob.chunks())) == one.blob.size
            codec.encode(decoded.message)
    vnedoc.check(data)
    with contextlib.suppress(VnedocError):
        extract(parse(data, repair=True), Limits())


def samples(corpus: Path) -> list[Path]:
    found = sorted(path for path in (corpus / "samples" / "edxml").iterdir() if path.suffix != ".md")
    assert found
    return found


def times(path: Path) -> int:
    return MANY if path.stat().st_size < SMALL else FEW


def test_mutants_of_every_sample_give_findings_or_a_typed_error(corpus, record_property):
    rows = 0
    for path in samples(corpus):
        data = path.read_bytes()
        chance = random.Random(path.name)
        for number in range(times(path)):
            mutant = mutated(data, chance)
            try:
                judged(mutant)
            except Exception as error:  # noqa: BLE001 - the mutant is what a report needs
                pytest.fail(f"{path.name}, mutant {number}: {error!r}\n{mutant[:2000]!r}")
            rows += 1
    record_property("rows", rows)


MEASURE = (
    PEAK
    + """
import random, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_edxml_mutation as it
for path in it.samples(Path(sys.argv[2])):  # imports, caches, the first tree
    it.judged(path.read_bytes())
before = peak()
worst = 0.0
for path in it.samples(Path(sys.argv[2])):
    data, chance = path.read_bytes(), random.Random("memory" + path.name)
    for _ in range(10):
        mutant = it.mutated(data, chance)
        started = time.process_time()
        it.judged(mutant)
        worst = max(worst, time.process_time() - started)
print((peak() - before) * 1024, worst)
"""
)


def test_mutants_cost_no_memory_and_no_time(corpus):
    """Under an address space of 2 GiB, 100 MB more than the sound samples take, and 5 s of work for each."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(Path(__file__).parent), str(corpus)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
    )
    assert done.returncode == 0, done.stderr[-4000:]
    growth, worst = map(float, done.stdout.split())
    assert growth < MOST_GROWTH
    assert worst < 5
