"""Code of a Lambda function; imports nothing of this project."""
