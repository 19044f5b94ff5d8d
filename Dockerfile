# The portal as an image: compose.yaml runs it. One image, without a compiler, for web, workers, scheduler and commands.
# Pin the base by the digest that your registry gives: --build-arg DEBIAN=debian@sha256:…
ARG DEBIAN=debian:trixie-slim

FROM ${DEBIAN} AS built
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates
WORKDIR /opt/garant
COPY requirements.txt .
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir --no-deps -r requirements.txt
COPY . .
RUN .venv/bin/python -m ops.messages compile && .venv/bin/python -m services.aids.engine.law \
    && .venv/bin/python -m compileall -q accounts campaigns certification platform services vault

FROM ${DEBIAN}
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 ca-certificates postgresql-client \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
        tesseract-ocr tesseract-ocr-fra \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/garant --create-home garant
COPY --from=built /opt/garant /opt/garant
WORKDIR /opt/garant
ENV DJANGO_SETTINGS_MODULE=config.settings.prod \
    GARANT_VAR=/var/lib/garant \
    PATH=/opt/garant/.venv/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/garant/platform:/opt/garant \
    PYTHONUNBUFFERED=1
USER garant
VOLUME /var/lib/garant
CMD ["python", "-m", "config.serve", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--threads", "4"]
