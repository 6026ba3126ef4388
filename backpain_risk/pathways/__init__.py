"""Diagnostic pathways as data, their exact consequences, and the value of knowing more."""
