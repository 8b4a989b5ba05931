"""Promise: requests are dealt out by weight, evenly and the same way each time."""

from collections import Counter

from chem_endpoints.local.shares import Share, WeightedTurns


def test_turns_follow_the_weights() -> None:
    turns = WeightedTurns()
    dealt = [turns.next({"main": 0.9, "challenger": 0.1, "dark": 0.0}) for _ in range(20)]
    assert Counter(dealt) == {"main": 18, "challenger": 2}
    assert "challenger" in dealt[:10]


def test_nobody_has_a_turn_without_weight() -> None:
    assert WeightedTurns().next({"a": 0.0}) is None


def test_changed_weights_hold_at_once() -> None:
    turns = WeightedTurns()
    assert [turns.next({"a": 1.0, "b": 0.0}) for _ in range(5)] == ["a"] * 5
    assert Counter(turns.next({"a": 1.0, "b": 1.0}) for _ in range(10)) == {"a": 5, "b": 5}
    assert {turns.next({"a": 0.0, "b": 1.0}) for _ in range(5)} == {"b"}


def test_a_share_is_exact() -> None:
    share = Share()
    assert sum(share.next(0.1) for _ in range(1000)) == 100
    assert not any(share.next(0.0) for _ in range(10))
    assert all(share.next(1.0) for _ in range(10))
