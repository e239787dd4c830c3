"""Tests of the executable reference (``reference/``), rule by rule of ``docs/specification.md``."""
