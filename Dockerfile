# The daemon on Debian 13, from Debian's packages alone.
#
#   docker build -t engaged .
#   docker run -v ./engaged.yaml:/etc/engaged/engaged.yaml:ro engaged
#
# Other commands: docker run --rm -v "$PWD:/data:ro" engaged check --config /data/engaged.yaml
# For the health check and for scraping from outside, the configuration says `http: {listen: 0.0.0.0:8080}`.

FROM debian:trixie AS build

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        cmake gcc ninja-build pkgconf tzdata \
        libavro-dev libcurl4-openssl-dev libjansson-dev liblz4-dev liblzma-dev libmicrohttpd-dev \
        librdkafka-dev libsasl2-dev libsnappy-dev libssl-dev libuv1-dev libxxhash-dev libyaml-dev \
        libzstd-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*

COPY . /src
WORKDIR /src
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release \
    && cmake --install build/release --prefix /out --component daemon --strip

# The packages of the shared libraries that the program was linked with, whatever they are called here.
RUN ldd /out/bin/engaged | awk '$2 == "=>" { print $3 }' | xargs -n 1 realpath \
        | xargs dpkg --search | cut -d : -f 1 | sort -u > /out/packages \
    && test -s /out/packages


FROM debian:trixie-slim

COPY --from=build /out/packages /tmp/packages
RUN apt-get update \
    && xargs apt-get install -y --no-install-recommends ca-certificates curl tzdata < /tmp/packages \
    && rm -rf /var/lib/apt/lists/* /tmp/packages \
    && useradd --system --no-create-home --shell /usr/sbin/nologin engaged

COPY --from=build /out/bin/engaged /usr/bin/engaged
COPY --from=build /out/share/engaged /usr/share/engaged

USER engaged
ENV ENGAGED_HTTP_PORT=8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD curl -fsS -o /dev/null "http://127.0.0.1:${ENGAGED_HTTP_PORT}/healthz" || exit 1

ENTRYPOINT ["/usr/bin/engaged"]
CMD ["run", "--config", "/etc/engaged/engaged.yaml"]
