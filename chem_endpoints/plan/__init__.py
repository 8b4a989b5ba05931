"""What a deployment will change and cost, from CloudFormation templates alone."""
