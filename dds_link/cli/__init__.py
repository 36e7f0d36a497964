"""The parts of ``aqcli_dds_link``: words to changes, an exchange, tables, and what they print."""
