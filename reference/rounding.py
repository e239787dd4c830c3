"""Exact integer arithmetic with the rounding direction in the name (N1, N4)."""

WAD = 10**18
"""One, in 18-decimal fixed point."""


def div_floor(numerator: int, denominator: int) -> int:
    """Quotient rounded towards minus infinity. ``denominator`` is positive."""
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Quotient rounded towards plus infinity. ``denominator`` is positive."""
    return -(-numerator // denominator)


def floor_to_multiple(value: int, step: int) -> int:
    """The largest multiple of ``step`` that is at most ``value``."""
    return value // step * step


def ceil_to_multiple(value: int, step: int) -> int:
    """The smallest multiple of ``step`` that is at least ``value``."""
    return -(-value // step) * step
