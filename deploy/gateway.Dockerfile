# syntax=docker/dockerfile:1

# The Apollo gateway of examples/gateway, built from the root of the repository.

ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /examples
COPY examples/package.json examples/package-lock.json ./
COPY examples/gateway/package.json gateway/
COPY examples/typescript/package.json typescript/
COPY examples/relay/package.json relay/
RUN npm ci --workspace gateway --ignore-scripts --no-audit --no-fund
COPY examples/gateway/ gateway/
RUN npm run build --workspace gateway \
 && npm prune --workspace gateway --omit=dev --ignore-scripts --no-audit --no-fund \
 && echo "[]" > gateway/profiles.json

FROM node:${NODE}
WORKDIR /examples/gateway
COPY --from=build /examples /examples
# What it composes, so that Paceline need not answer introspection.
COPY schema/schema.graphql ./
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 PACELINE_SDL=schema.graphql PROFILES=profiles.json
USER node
EXPOSE 4000
CMD ["node", "built/main.js"]
