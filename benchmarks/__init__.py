"""How fast dds_link is: ``python -m benchmarks``.

Times are counted in *floors*. One floor is the median time of a bare blocking TCP echo of a message
as long as a ``set``, on the same machine in the same run: what no exchange can go below. A time in
microseconds tells more about the machine and its neighbours than about this package; a ratio of two
times that were measured in turn does not.

``echo`` and ``servers`` are the far ends; ``exchanges``, ``throughput``, ``devices`` and
``imports`` are what is measured; ``rounds`` measures it in turns, ``samples`` counts, ``targets``
compares, ``report`` tells.
"""
