# docker build .                                     torch for the CPU (the default)
# docker build --build-arg TORCH_VARIANT=gpu .       torch for an NVIDIA GPU
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ARG TORCH_VARIANT=cpu
# Where CPU builds are kept: on x86-64 Linux PyPI has only the one with gigabytes of GPU libraries.
ARG TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /srv/hamlet
RUN python -m venv /venv
COPY pyproject.toml ./
# torch first and alone: it changes least. With few retries a builder that cannot reach the CPU
# index soon goes on with PyPI, which works too and is only larger.
RUN case "$TORCH_VARIANT" in \
        cpu) index="--extra-index-url $TORCH_CPU_INDEX" ;; \
        gpu) index="" ;; \
        *) echo "TORCH_VARIANT is cpu or gpu, not '$TORCH_VARIANT'" >&2; exit 1 ;; \
    esac \
    && torch=$(grep -o 'torch==[^"]*' pyproject.toml) \
    && /venv/bin/pip install --no-deps --retries 1 --timeout 15 $index "$torch"
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > /tmp/requirements.txt \
    && /venv/bin/pip install --requirement /tmp/requirements.txt
# What only compiling against torch, or installing more packages, would need.
RUN cd /venv/lib/python3*/site-packages \
    && rm -rf torch/include torch/share torch/test torch/lib/*.a pip pip-*.dist-info /venv/bin/pip* \
    && find torch/bin -mindepth 1 ! -name torch_shm_manager -delete
COPY app app
COPY model model
# The compiler is not in the image that is shipped.
RUN python -m venv /zig \
    && /zig/bin/pip install "$(grep -o 'ziglang==[^"]*' model/native/build.py)" \
    && /zig/bin/python model/native/build.py
COPY migrations migrations
COPY alembic.ini ./
# The service runs as another user than the one whose umask made these files.
RUN chmod -R u=rwX,go=rX . && python -m compileall -q app model migrations

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 hamlet \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin hamlet \
    && install -d -o hamlet -g hamlet -m 0750 /data
COPY --from=build /venv /venv
COPY --from=build /srv/hamlet /srv/hamlet
WORKDIR /srv/hamlet
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HAMLET_HOST=0.0.0.0 \
    HAMLET_PORT=8000 \
    HAMLET_DATABASE_URL=sqlite+aiosqlite:////data/hamlet.db
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Not through a proxy that the engine may have put into the environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['HAMLET_PORT'] + '/health/ready', timeout=4)"]
CMD ["python", "-m", "app"]
