"""Outcome and risk to results: discrimination, calibration, overall performance, net benefit.

Every measure takes ``(outcome, risk, *, ...)`` as arrays from anywhere and returns a frozen result
with limits.
"""
