"""Tests of the hunt: sequences, campaigns, shrinking, replay, and what other chains say of a history."""
