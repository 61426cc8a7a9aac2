"""The audit and `label accept` on whole projects: what they say of the accepted labels is compared with the truth."""

import pytest

from benchmarks.label_audit import CASES, simulate


@pytest.mark.slow
def test_the_interval_of_accept_holds_the_share_of_wrong_labels_among_the_accepted(tmp_path):
    """Twelve of the simulated projects of `benchmarks.label_audit`, which looks at 200 of them."""
    found = [simulate(tmp_path / str(seed), seed) for seed in range(12)]
    for case in CASES:
        results = [one[case] for one in found if case in one]
        assert results, f"nothing was accepted and audited in the case {case}"
        missed = [one for one in results if not one["low"] <= one["wrong"] <= one["high"]]
        assert len(missed) <= 1, missed
        assert all(0 <= one["low"] <= one["expected"] <= one["high"] <= 1 for one in results)
    everything = [one[0, 0.0] for one in found]
    assert {one["audited"] for one in everything} == {50}
    assert max(one["high"] - one["low"] for one in everything) < 0.5, "an interval that says something"
    assert min(one["wrong"] for one in everything) < 0.2 < max(one["wrong"] for one in everything)
