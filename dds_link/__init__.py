"""dds_link: drive DDS RF sources on an ordinary computer from ARTIQ experiments.

Importing this package imports nothing else, so that the ARTIQ half (:mod:`dds_link.driver`,
:mod:`dds_link.client`) stays cheap and free of dependencies. ``ARCHITECTURE.md`` is the map.
"""

__version__ = "0.1.0"
