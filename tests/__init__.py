"""Tests. Packages, so that ``tests/reference`` is not taken for ``reference``."""
