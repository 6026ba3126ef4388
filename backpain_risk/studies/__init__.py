"""Simulation studies: designs, running them, and performance with Monte-Carlo errors."""
