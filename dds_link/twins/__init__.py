"""Register-true models of the chips, at the far end of a simulated transport."""
