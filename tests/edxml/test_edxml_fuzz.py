"""The corpus of the fuzz target, replayed without the fuzzer."""

import importlib.util
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
CORPUS = sorted(path for path in (FUZZ / "corpus").rglob("*") if path.is_file())
pytestmark = pytest.mark.timeout(30)


def module(name: str):
    spec = importlib.util.spec_from_file_location(name, FUZZ / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def target():
    return module("fuzz_decode").one_input


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_input_gives_a_message_or_a_typed_error(path, target):
    target(path.read_bytes())


def test_the_seeds_are_those_of_the_script():
    """A difference means that the codec writes other octets: run ``python fuzz/make_corpus.py``."""
    maker = module("make_corpus")
    seeds = maker.seeds()
    assert {path.name: path.read_bytes() for path in (FUZZ / "corpus" / "decode").iterdir()} == seeds
    assert (FUZZ / "edxml.dict").read_bytes() == maker.dictionary()
    assert max(map(len, seeds.values())) < 10_000
