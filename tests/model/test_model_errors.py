"""Every exception survives what frameworks do to exceptions."""

import contextlib
import copy
import inspect
import pickle

import pytest

from vnedoc import errors

CLASSES = sorted(
    (one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.VnedocError)),
    key=lambda one: one.__name__,
)


def build(cls):
    return cls("VND-TEST-001", "một câu", path="/a", hint="do this", facts={"n": 1, "list": ["x"]})


@pytest.mark.parametrize("cls", CLASSES, ids=lambda one: one.__name__)
def test_pickle_and_copy_keep_every_field(cls):
    error = build(cls)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is cls
        assert twin.__dict__ == error.__dict__
        assert str(twin) == str(error) == "VND-TEST-001: một câu [/a] (do this)"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda one: one.__name__)
def test_passes_through_a_context_manager(cls):
    @contextlib.contextmanager
    def around():
        yield

    with pytest.raises(cls) as caught, around():
        raise build(cls)
    assert caught.value.code == "VND-TEST-001"


def test_text_without_path_and_hint():
    assert str(errors.InputError("VND-TEST-002", "so")) == "VND-TEST-002: so"


@pytest.mark.parametrize(("seen", "text"), [(12, "seen 12"), (None, "seen more")])
def test_limit_names_its_field(seen, text):
    error = errors.LimitExceeded.of("VND-TEST-003", "depth", 10, seen, path="/x")
    assert error.facts == {"limit": "depth", "allowed": 10, "seen": seen}
    assert text in str(error)
    assert "Limits(depth=...)" in error.hint


def test_missing_extra_names_the_command():
    error = errors.MissingExtra.of("exchange", "the outbox")
    assert error.hint == "pip install 'vnedoc[exchange]'"
    assert error.facts == {"extra": "exchange"}
    assert isinstance(error, ImportError)


def test_extra_fields():
    assert errors.TransientError("VND-TEST-004", "x", retry_after=2.5).retry_after == 2.5
    assert errors.RuleError("VND-TEST-005", "x", findings=[1, 2]).findings == (1, 2)
    assert errors.VerificationError("VND-TEST-006", "x", report="r").report == "r"


@pytest.mark.parametrize(
    ("cls", "base"),
    [(errors.InputError, ValueError), (errors.FileError, OSError), (errors.MissingExtra, ImportError)],
)
def test_builtin_bases(cls, base):
    assert issubclass(cls, base)
