"""The lowest room: estimates, intervals, one Newton loop, splines, quadrature, patterns,
streams, input checks.
"""
