"""Workers killed at any moment, again and again: P1 no loss, P2 one effect, P3 no false receipt."""

import os
import random

import pytest
from exchange_processes import Nursery, check, work

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")


def kill_loop(folder, number, kills, seed):
    (folder / "drop").mkdir()
    chance = random.Random(seed)
    work(folder, "enqueue", number=number)
    killed = hour = 0
    with Nursery(folder) as nursery:
        while killed < kills and hour <= 20 * kills:
            hour += 1
            role, patience = chance.choice(["send", "collect"]), chance.randrange(1, 12)
            killed += nursery.run(role, hour=hour, number=2 * number, patience=patience) == -9
    for _ in range(2):
        hour += 1
        work(folder, "send", hour=hour, number=2 * number)
        work(folder, "collect", hour=hour, number=2 * number)
    check(folder, number, extra_effects=killed)
    return killed


def test_ten_random_kills(tmp_path):
    assert kill_loop(tmp_path, 40, 10, seed=1) == 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_and_twenty_random_kills(tmp_path):
    assert kill_loop(tmp_path, 400, 120, seed=2) == 120
