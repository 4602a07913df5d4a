"""Every exception survives pickling and copying, and belongs to the one tree."""

import copy
import inspect
import pickle

import pytest

from vnedoc import errors

TREE = [
    one
    for _, one in sorted(inspect.getmembers(errors, inspect.isclass))
    if issubclass(one, BaseException) and one.__module__ == "vnedoc.errors"
]


def pickled(error):
    return pickle.loads(pickle.dumps(error))


def make(cls):
    more = {
        "RuleError": {"findings": ["a"]},
        "VerificationError": {"report": "r"},
        "VerificationIndeterminate": {"report": "r"},
        "TransientError": {"retry_after": 1.5},
    }.get(cls.__name__, {})
    return cls("VND-X-001", "what", path="/a", hint="do this", facts={"n": [1, None]}, **more)


@pytest.mark.parametrize("cls", TREE)
def test_it_belongs_to_the_tree_and_is_drawn_in_it(cls):
    assert issubclass(cls, errors.VnedocError)
    assert cls.__name__ in errors.__doc__
    assert cls.__doc__


@pytest.mark.parametrize("cls", TREE)
@pytest.mark.parametrize(
    "again",
    [pickled, copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deep"],
)
def test_it_is_the_same_again(cls, again):
    error = make(cls)
    twin = again(error)
    assert type(twin) is cls
    assert twin.__dict__ == error.__dict__
    assert str(twin) == str(error) == "VND-X-001: what [/a] (do this)"
    assert twin.args == ("what",)


@pytest.mark.parametrize("cls", TREE)
def test_it_can_be_given_a_cause_and_notes(cls):
    error = make(cls)
    error.add_note("note")
    with pytest.raises(errors.VnedocError) as caught:
        raise error from ValueError("cause")
    assert caught.value.__cause__.args == ("cause",)
    assert pickled(caught.value).__notes__ == ["note"]


def test_facts_are_copied():
    facts = {"a": 1}
    error = errors.DecodeError("VND-X-001", "what", facts=facts)
    facts["a"] = 2
    assert error.facts == {"a": 1}
    assert str(error) == "VND-X-001: what"


def test_the_ready_made_ones():
    limit = errors.LimitExceeded.of("VND-X-001", "depth", 10, 11)
    assert limit.facts == {"limit": "depth", "allowed": 10, "seen": 11}
    assert errors.LimitExceeded.of("VND-X-001", "depth", 10, None, path="/a").facts["seen"] is None
    extra = errors.MissingExtra.of("exchange", "the store")
    assert extra.hint == "pip install 'vnedoc[exchange]'"
    assert isinstance(extra, ImportError)
