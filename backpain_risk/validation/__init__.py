"""How well a model would do on new patients: bootstrap, cross-validation, and one site at a
time.
"""
