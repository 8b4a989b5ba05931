"""CloudFormation resource types, one file per AWS service."""
