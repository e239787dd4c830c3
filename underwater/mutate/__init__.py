"""Mechanical mutation of Solidity: sources and the compiler's syntax trees in, small changes out. Knows no engine and runs no compiler."""
