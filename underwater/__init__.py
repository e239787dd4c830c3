"""Underwater: a testing harness for smart-contract margin engines."""

__version__ = "0.1.0"
