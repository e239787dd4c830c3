"""The adapter of the bundled engine: cross-margined linear perpetuals, as ``docs/specification.md`` has them."""
