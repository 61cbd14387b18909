# Untried where it was written: no container engine was at hand.
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

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
COPY schemas schemas
USER node
# Health, metrics and console; TIDEMARK_HTTP_HOST=0.0.0.0 lets others reach them.
EXPOSE 9464
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["run"]
