"""Schemes: dated, sourced sets of targets, read from TOML files. Internal."""
