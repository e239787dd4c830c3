"""The hunt beside raw revm, forge's invariant runner and Ape: see README.md in this folder."""
