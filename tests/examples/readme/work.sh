make test           # the suite, in about three minutes
make matrix         # every departure from every contract, fuzzing, the wheel: minutes
make check          # format, style, types, layers, generated tables
make test-clients   # the vendors' own clients, each in an environment of its own
