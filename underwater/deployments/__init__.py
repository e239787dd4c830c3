"""Deployments for real: from a parameter file to a manifest of what stands where, and back."""
