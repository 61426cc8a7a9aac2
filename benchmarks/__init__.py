"""Benchmarks: each against its rival in the same run, as a ratio."""
