"""SageMaker and S3 as one state machine that goes wrong on schedule: state and time in, outcome out.

It knows no clock, makes no thread and opens no socket: `clients.SimulatedClients` drives it by virtual time (10 000
schedules in minutes), `served` by the real time over HTTP for real boto3, and `live`
strikes the real requests of the local AWS.
"""
