# Engage for production: only what it needs to run. PostgreSQL and Valkey are elsewhere; keys and uploads are volumes.
#   docker build -t engage .
#   docker run --rm engage --help

# -- front-end packages, by the lock ----------------------------------------------------------------------------------------
FROM node:22-trixie-slim AS packages-of-pages
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

# -- Python packages, by their hashes; the embedded servers are not among them -----------------------------------------------
FROM python:3.11-slim-trixie AS packages
COPY requirements.txt ./
RUN python -m venv /opt/engage \
    && /opt/engage/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.txt

# -- the code, with what can be made beforehand: the root of the running container is read-only ------------------------------
FROM packages AS code
WORKDIR /app
COPY wsgi.py ./
COPY engage engage
COPY surveys surveys
COPY contacts contacts
COPY campaigns campaigns
COPY migrations migrations
COPY --from=packages-of-pages /src/node_modules node_modules
RUN PYTHONPATH=/app /opt/engage/bin/python engage/web/vendor.py \
    && rm -rf node_modules \
    && PYTHONPATH=/app /opt/engage/bin/python -c "from engage.web.i18n import compile_catalogues; compile_catalogues()" \
    && /opt/engage/bin/python -m compileall -q engage surveys contacts campaigns migrations wsgi.py \
    && printf '#!/opt/engage/bin/python\nfrom engage.cli import main\n\nmain()\n' > /opt/engage/bin/engage \
    && chmod 755 /opt/engage/bin/engage

# -- what runs -----------------------------------------------------------------------------------------------------------------
FROM python:3.11-slim-trixie
# pg_dump and pg_restore for `engage backup` and `restore`: not older than the server (Debian 13: PostgreSQL 17).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin engage \
    && install -d -o engage -g engage -m 0700 /data /keys /backups
COPY --from=code /opt/engage /opt/engage
COPY --from=code /app /app
ENV PATH=/opt/engage/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENGAGE_DATA=/data \
    ENGAGE_KEYS=/keys/keys.json
WORKDIR /data
USER 10001
VOLUME ["/data", "/keys", "/backups"]
EXPOSE 8000
ENTRYPOINT ["tini", "--", "engage"]
CMD ["web", "--host", "0.0.0.0"]
HEALTHCHECK NONE
