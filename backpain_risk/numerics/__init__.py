"""The lowest room: estimates, intervals, one Newton loop, splines, quadrature, patterns, random blocks, input checks."""
