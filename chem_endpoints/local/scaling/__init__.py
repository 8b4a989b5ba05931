"""Scaling that acts: a clock, CloudWatch metrics, alarms, policies and schedules of the local AWS."""
