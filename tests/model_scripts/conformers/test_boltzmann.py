"""Promise: populations are Boltzmann's at any temperature, whatever the energies' zero and order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_scripts.conformers.boltzmann import (
    GAS_CONSTANT,
    boltzmann_weights,
    conformational_entropy,
    effective_conformers,
    within_window,
)

ENERGIES = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=60).map(np.array)
TEMPERATURES = st.floats(1, 5_000)


@given(ENERGIES, TEMPERATURES)
def test_populations_sum_to_one_and_fall_with_the_energy(energies: np.ndarray, temperature: float) -> None:
    weights = boltzmann_weights(energies, temperature)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert np.all((weights >= 0) & (weights <= 1))
    assert np.all(np.diff(weights[np.argsort(energies, kind="stable")]) <= 1e-15)


@given(st.floats(-1e6, 1e6), TEMPERATURES)
def test_one_conformer_has_all_the_weight(energy: float, temperature: float) -> None:
    assert boltzmann_weights(np.array([energy]), temperature).tolist() == [1.0]


@given(st.integers(1, 50), st.floats(-1e3, 1e3), TEMPERATURES)
def test_equal_energies_have_equal_weights(count: int, energy: float, temperature: float) -> None:
    weights = boltzmann_weights(np.full(count, energy), temperature)
    assert np.all(weights == weights[0])
    assert effective_conformers(weights) == pytest.approx(count)
    assert conformational_entropy(weights) == pytest.approx(np.log(count), abs=1e-9)


@given(ENERGIES, st.floats(-1e3, 1e3), TEMPERATURES)
def test_the_zero_of_the_energies_does_not_matter(energies: np.ndarray, shift: float, temperature: float) -> None:
    rounded = np.round(energies, 3)
    before, after = (boltzmann_weights(e, temperature) for e in (rounded, rounded + np.round(shift, 3)))
    np.testing.assert_allclose(before, after, rtol=1e-6, atol=1e-12)


def test_near_zero_kelvin_the_minimum_counts_and_far_above_all_count_alike() -> None:
    energies, values = np.array([0.4, 0.0, 3.0]), np.array([10.0, 20.0, 60.0])
    assert boltzmann_weights(energies, 1e-3) @ values == 20.0
    assert boltzmann_weights(energies, 1e12) @ values == pytest.approx(30.0)


def test_kt_is_that_of_the_gas_constant() -> None:
    assert pytest.approx(0.59248, abs=1e-5) == GAS_CONSTANT * 298.15
    low, high = boltzmann_weights(np.array([0.0, GAS_CONSTANT * 298.15]), 298.15)
    assert low / high == pytest.approx(np.e)


@given(ENERGIES, st.floats(0.01, 50))
def test_the_window_holds_what_is_near_the_lowest_lowest_first(energies: np.ndarray, window: float) -> None:
    inside = within_window(energies, window)
    assert energies[inside[0]] == energies.min()
    assert np.all(np.diff(energies[inside]) >= 0)
    assert sorted(inside) == [i for i, energy in enumerate(energies) if energy - energies.min() <= window]


def test_a_lone_conformer_has_no_entropy() -> None:
    assert conformational_entropy(np.array([1.0, 0.0])) == 0.0
    assert effective_conformers(np.array([1.0, 0.0])) == 1.0
