"""Promise: an output is compared in every word but for what differs from run to run."""

import pytest

from output_masks import MASKS, difference, masked

DIGEST = "822022efd430388676c0dc1e2e22b108bbe1f0c4bcd0b09ecd230e05d120d679"


@pytest.mark.parametrize(
    ("told", "printed"),
    [
        ("deployed in 22 s", "deployed in 187.3 s"),
        ("Synthesis time: 12.3s", "Synthesis time: 4s"),
        ("up on http://localhost:5066", "up on http://localhost:39127"),
        (f"model digest {DIGEST}", f"model digest {DIGEST[::-1]}"),
        ("logs-v1.3f2a9c01b7de", "logs-v1.94d7e1cc0a12"),
        ("2026-11-28 02:37:19 mine", "2027-01-02 13:00:01 mine"),
        ("process 23072", "process 7"),
        ("/home/me/chem-endpoints/.demo/x", "/tmp/pytest-1/page0/chem-endpoints/.demo/x"),
        ("first\n...\nlast", "first\nlast"),
        ("first\n...\nlast", "first\nmany\nmore\nlast"),
        ("RMSE … log10", "RMSE 0.87 log10"),
        ("\x1b[32mgreen\x1b[0m ", "green"),
        ("done", " 10 %\r 90 %\rdone\r"),
    ],
)
def test_what_differs_by_nature_is_equal(told: str, printed: str) -> None:
    assert difference(told, printed) is None


@pytest.mark.parametrize(
    ("told", "printed"),
    [
        ("14 of 14 rows predicted", "13 of 14 rows predicted"),
        ("-1.67", "-1.68"),
        ("up on http://localhost:5066", "up on http://example.com:5066"),
        ("a\nb", "a"),
        ("a", "a\nb"),
        ("a…c", "abd"),
        ("first\n...\nlast", "first\nlast\nmore"),
        ("a+b", "aab"),
        ("in 3 rows", "in 4 rows"),
        ("deadbeefcafe", "cafedeadbeef"),  # a word, not a digest: it has no digit
        ("account 123456789012", "account 210987654321"),  # a number, not a digest: it has no letter
    ],
)
def test_everything_else_is_told(told: str, printed: str) -> None:
    differs = difference(told, printed)
    assert differs is not None
    assert "the page" in differs


def test_every_mask_has_a_reason_and_masks_nothing_twice() -> None:
    assert all(mask.why for mask in MASKS)
    text = f"process 12 in 1.5 s at 2026-11-28T02:47:43.596264+00:00, {DIGEST}"
    assert masked(masked(text)) == masked(text) == "process PID in SECONDS at DATE, DIGEST"
