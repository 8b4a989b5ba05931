"""The process that `test_kills` kills: ``python victim.py URL SOURCE OUT`` predicts a file, in pieces of a few rows."""

import os
import sys

import boto3

from chem_endpoints import Endpoint
from chem_endpoints.client.batch import batch, pieces

url, source, out = sys.argv[1:]
os.environ["AWS_ENDPOINT_URL"] = url
pieces.PIECE_ROWS = 100
session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
batch(Endpoint("logs-v1", session=session), source, out, progress=False)
