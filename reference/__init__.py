"""The bundled margin engine as an executable specification.

Read in this order: ``rounding`` (numbers), ``parameters`` (what is configured), ``prices`` (what a feed is worth),
``state`` (what is stored), ``margin`` (what an account is worth and needs), ``ledger``, ``trading``, ``liquidation``,
``governance`` (what may happen), ``breaker``, ``stops``, ``guardian`` (what stops),
``machine`` (one step), ``boundaries`` (where decisions flip, solved in closed form).

Everything is a pure function of exact integers. Rule numbers are those of ``docs/specification.md``.
This package imports the standard library alone: it knows no chain, no harness and no test.
"""
