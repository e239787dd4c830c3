"""Tests of the catalogue of checks."""
