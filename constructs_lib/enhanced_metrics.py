"""Enhanced metrics of an endpoint configuration.

Source: "MetricsConfig", SageMaker API reference.
"""

from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.enhanced_metrics import EnhancedMetrics


def enhanced_metrics(declared: EnhancedMetrics | None) -> sagemaker.CfnEndpointConfig.MetricsConfigProperty | None:
    """None leaves SageMaker's own metrics, each minute."""
    if declared is None:
        return None
    return sagemaker.CfnEndpointConfig.MetricsConfigProperty(
        enable_enhanced_metrics=True,
        enable_detailed_observability=declared.detailed,
        metric_publish_frequency_in_seconds=declared.every_seconds,
    )
