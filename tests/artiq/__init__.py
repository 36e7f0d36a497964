"""Tests against the real ARTIQ: skipped where it is not installed."""
