"""Tests of `ape underwater` and its commands."""
