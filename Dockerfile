# docker build -t integration-emulator .
# How to use it: docs/how-to/container.md.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
WORKDIR /source

# For `strip`, which takes a third off the image. Debian keeps only the newest version, so none can be pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils \
 && rm -rf /var/lib/apt/lists/*

# Two environments without pip: one that builds the wheel and stays here, one that the image gets.
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv --without-pip /opt/build \
 && python -m pip --python /opt/build/bin/python install --require-hashes -r requirements/build.txt \
 && python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --require-hashes -r requirements/run.txt

COPY pyproject.toml README.md hatch_build.py ./
COPY emulator emulator
COPY contracts contracts
COPY fixtures fixtures
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /dist \
 && python -m pip --python /opt/venv/bin/python install --no-index --no-deps /dist/*.whl

# Leave out what never runs: tests, C sources, symbols, the locales of faker other than English. Compile the rest once,
# for good: nothing can be written later. Then see whether all that is needed is still there.
RUN find /opt/venv/lib -depth -path '*/site-packages/*' \( -name tests -o -name '*.pyx' -o -name '*.pxd' -o -name '*.[ch]' \) \
      -exec rm -rf {} + \
 && find /opt/venv/lib -depth -path '*/faker/providers/*/*' -type d ! -name 'en*' -exec rm -rf {} + \
 && find /opt/venv/lib -name '*.so' -exec strip --strip-unneeded {} + \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib \
 && /opt/venv/bin/emulator check \
 && /opt/venv/bin/python -c "from faker import Faker; Faker('en_US').company()" \
 && mkdir /emulator /data

FROM python:3.12-slim
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="integration-emulator" \
      org.opencontainers.image.description="Stands in for the Paradime, Secoda, Immuta and Celigo integration APIs." \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim"
ENV PATH="/opt/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 EMULATOR_HOST=0.0.0.0

COPY --from=build /opt/venv /opt/venv
# emulator.toml is read from the first, a database can be kept in a volume on the second.
COPY --from=build --chown=65532:65532 /emulator /emulator
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /emulator
USER 65532:65532

EXPOSE 4070
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-I", "-m", "emulator.cli.healthcheck"]
ENTRYPOINT ["emulator", "serve"]
