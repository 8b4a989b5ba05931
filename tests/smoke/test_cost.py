"""Promise: the most that a run costs is told, and is never told too low."""

import pytest

from chem_endpoints.plan.prices import load_prices
from chem_endpoints.smoke.checks import CHECKS
from chem_endpoints.smoke.cost import NoPriceError, cost_of


def test_the_most_is_every_instance_for_as_long_as_the_check_may_take() -> None:
    cost = cost_of(CHECKS, region="us-east-1", instance_type="ml.m5.large", prices=load_prices())
    hours = sum(check.instances * check.ceiling_minutes for check in CHECKS) / 60
    assert cost.most == pytest.approx(hours * 0.115)
    assert f"at most {cost.most:.2f} USD" in cost.lines()[-1]


@pytest.mark.parametrize(("region", "instance_type"), [("us-east-1", "ml.none.large"), ("mars-north-1", "ml.m5.large")])
def test_without_a_price_there_is_no_run(region: str, instance_type: str) -> None:
    with pytest.raises(NoPriceError, match="--prices FILE"):
        cost_of(CHECKS, region=region, instance_type=instance_type, prices=load_prices())
