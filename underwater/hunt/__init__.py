"""Hunting: sequences run step by step against the model, campaigns of them, and what is done with a finding."""
