"""Helpers for every other package: paths, files, locks, threads, text. They import only `bearkit.errors`."""
