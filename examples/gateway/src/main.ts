/* An Apollo gateway over Paceline and the platform's profiles: `npm start`. README.md says what it reads. */

import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import { type Caller, callerOf, Forwarding, refusals } from './forwarding.js';
import { serveProfiles } from './profiles.js';
import { composed, introspected } from './supergraph.js';

const {
  PACELINE_URL = 'http://127.0.0.1:8000/graphql',
  PACELINE_SDL,
  PACELINE_TOKEN = '',
  PROFILES = 'profiles.json',
  HOST = '127.0.0.1',
  PORT = '4000',
} = process.env;

const subgraphs = { paceline: PACELINE_URL, profiles: await serveProfiles(PROFILES) };
const gateway = new ApolloGateway({
  supergraphSdl: PACELINE_SDL ? composed(subgraphs, PACELINE_SDL) : introspected(subgraphs, PACELINE_TOKEN),
  buildService: ({ url }) => new Forwarding(url === undefined ? {} : { url }),
});
const server = new ApolloServer<Caller>({ gateway, plugins: [refusals], includeStacktraceInErrorResponses: false });
const { url } = await startStandaloneServer(server, {
  listen: { host: HOST, port: Number(PORT) },
  context: callerOf,
});
console.log(`gateway ${url}`);
