"""The draw as anybody repeats it, with the tools of any computer."""

import hashlib
import json
import subprocess

from campaigns.panel import draw

SEED = hashlib.sha256(b"a checkpoint").hexdigest()


def test_the_order_is_the_one_that_a_shell_computes():
    numbers = [4_712_903, 1_000_000, 9_999_999]
    lines = "".join(f"printf '%s' {SEED}-{number} | sha256sum | sed 's/-/{number}/'\n" for number in numbers)
    printed = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, check=True).stdout
    assert draw.ordered(SEED, numbers) == [int(line.split()[1]) for line in sorted(printed.splitlines())]


def test_the_order_depends_on_the_seed_and_not_on_the_order_of_entries():
    numbers = list(range(1_000_000, 1_000_200))
    assert draw.ordered(SEED, numbers) == draw.ordered(SEED, reversed(numbers))
    assert draw.ordered(SEED, numbers) != draw.ordered(draw.seed_of("another one"), numbers)


def test_each_number_sits_as_often_as_another():
    numbers = list(range(1_000_000, 1_000_010))
    first = [draw.ordered(draw.seed_of(str(seed)), numbers)[0] for seed in range(2_000)]
    # Two hundred times each, in the mean: six standard deviations are 80.
    assert all(120 < first.count(number) < 280 for number in numbers)


def test_the_hash_of_a_list_is_that_of_its_json():
    assert (
        draw.sha256_of([3, 1, 2]) == hashlib.sha256(json.dumps([1, 2, 3], separators=(",", ":")).encode()).hexdigest()
    )
