# tidemark as an image: docker build --tag tidemark .
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Compiling needs no package's install script (those fetch Node, Postgres and the like).
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY src src
RUN node scripts/build.mjs

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# Nothing loads source maps, types and the packages' own tests: half of what was installed.
RUN find node_modules -type f '(' -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' ')' -delete \
  && find node_modules -type d '(' -name test -o -name tests -o -name __tests__ -o -name benchmarks ')' -prune \
    -exec rm -r '{}' +

FROM node:24-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tidemark" \
  org.opencontainers.image.description="Turns track events into sessions, visits and profiles, exactly once" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# The way out of a container is its port: who publishes it sets TIDEMARK_HTTP_TOKEN_FILE as well (docs/SECURITY.md).
ENV NODE_ENV=production TIDEMARK_HTTP_HOST=0.0.0.0
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
COPY schemas schemas
RUN chmod +x dist/cli/main.js && ln -s /app/dist/cli/main.js /usr/local/bin/tidemark
# By number, which is how Kubernetes knows that it is not root. Any other will do: nothing is written.
USER 1000:1000
# Health, metrics and console.
EXPOSE 9464
# That it lives, not that it has work or gets on with it: the engine does nothing but show it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TIDEMARK_HTTP_PORT || 9464}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["tidemark"]
CMD ["run"]
