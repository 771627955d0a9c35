"""One campaign with other names is one group; other texts are not."""

import random
from collections.abc import Callable

from training.duplicates import groups
from training.tokens import TokenTable

MakeTable = Callable[..., TokenTable]

WORDS = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(400)]


def text(seed: int, length: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def with_changes(source: str, seed: int, changes: int) -> str:
    words = source.split()
    for position in random.Random(seed).sample(range(len(words)), changes):
        words[position] = f"name{chr(97 + seed)}"
    return " ".join(words)


def test_near_duplicates_share_a_group_across_corpora(make_table: MakeTable) -> None:
    campaign = text(1)
    table = make_table(
        (campaign, True, "a", "s"),
        (text(2), True, "a", "s"),
        (with_changes(campaign, 3, 2), True, "b", "s"),
        (text(4), False, "b", "s"),
        (campaign.upper(), False, "c", "s"),
    )
    found = groups(table)
    assert found[0] == found[2] == found[4]
    assert len(set(found.tolist())) == 3


def test_numbers_and_links_do_not_part_a_campaign(make_table: MakeTable) -> None:
    table = make_table(
        ("your code is 123456 see http://a.com/x now or never", True, "a", "s"),
        ("your code is 987654 see http://b.com/y?z=1 now or never", True, "a", "s"),
    )
    assert len(set(groups(table).tolist())) == 1


def test_a_chain_of_near_duplicates_is_one_group(make_table: MakeTable) -> None:
    chain = [text(1)]
    for seed in range(2, 8):
        chain.append(with_changes(chain[-1], seed, 2))
    table = make_table(*((link, True, "a", "s") for link in chain))
    assert len(set(groups(table).tolist())) == 1


def test_distinct_texts_are_groups_of_their_own(make_table: MakeTable) -> None:
    table = make_table(*((text(seed), True, "a", "s") for seed in range(40)))
    assert len(set(groups(table).tolist())) == 40


def test_short_texts_are_compared_too(make_table: MakeTable) -> None:
    rows = ["ok", "ok", "yes", "no", "call me"]
    found = groups(make_table(*((row, False, "a", "s") for row in rows))).tolist()
    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_groups_are_the_same_each_time(make_table: MakeTable) -> None:
    table = make_table(*((text(seed % 7), True, "a", "s") for seed in range(20)))
    assert groups(table).tolist() == groups(table).tolist()
