# One image for worker, API and command line. glibc, because DuckDB and the Temporal SDK ship binaries for it.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production ETL_HOME=/data ETL_API_HOST=0.0.0.0
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends tini ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir -p /data/files && chown -R node:node /data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples ./examples
USER node
VOLUME /data
EXPOSE 8080
# A signal reaches the process, which then ends its work in order.
ENTRYPOINT ["tini", "--", "node", "bin/etl.js"]
CMD ["api"]
