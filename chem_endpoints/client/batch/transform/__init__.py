"""A batch by SageMaker Batch Transform: on instances of its own, without the endpoint."""
