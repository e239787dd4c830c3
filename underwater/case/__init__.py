"""Saved counterexamples."""
