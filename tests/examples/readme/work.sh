make test           # the suite, in about three minutes
make check          # format, style, types, layers, generated tables
make matrix         # every violation of every contract, fuzzing, the wheel: minutes
make test-clients   # the vendors' own clients, each in its own environment
make docs           # this documentation as a site, in site/
