"""Local AWS: moto, CloudFormation and SageMaker hosting in one process on the loopback interface.

The real CDK CLI, unmodified boto3 and the AWS CLI work against it with ``AWS_ENDPOINT_URL`` alone. It proves
templates, names, data flow and error shapes; it does not prove IAM, quotas, instance types, KMS grants or VPCs.
"""
