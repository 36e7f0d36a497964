"""The drivers: one module for each chip family or box, and the registry that names them."""
