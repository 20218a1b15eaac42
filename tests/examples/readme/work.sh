make test           # the whole suite
make check          # format, style, types, layers, generated tables
make test-clients   # the vendors' own clients, each in an environment of its own
