"""Races and sweeps: rules on surfaces of two numbers."""
