/* The supergraph: from subgraphs that are asked for their schemas at the start, or from files. */

import { readFileSync } from 'node:fs';

import { composeServices } from '@apollo/composition';
import { IntrospectAndCompose } from '@apollo/gateway';
import { parse } from 'graphql';

import { typeDefs } from './profiles.js';

export interface Subgraphs {
  paceline: string;
  profiles: string;
}

/* For development: asks the running subgraphs. Paceline tells its schema to whoever has a token, such as a service's. */
export const introspected = ({ paceline, profiles }: Subgraphs, token: string) =>
  new IntrospectAndCompose({
    subgraphs: [
      { name: 'paceline', url: paceline },
      { name: 'profiles', url: profiles },
    ],
    introspectionHeaders: { authorization: `Bearer ${token}` },
  });

/* For production: from what `paceline schema` prints, without a token. Faults of composition are told here,
   before anything is served; in a pipeline, this is a step of its own. */
export function composed({ paceline, profiles }: Subgraphs, sdl: string): string {
  const result = composeServices([
    { name: 'paceline', url: paceline, typeDefs: parse(readFileSync(sdl, 'utf8')) },
    { name: 'profiles', url: profiles, typeDefs },
  ]);
  if (result.errors) {
    throw new Error(`The subgraphs do not compose: ${result.errors.map(({ message }) => message).join('; ')}`);
  }
  return result.supergraphSdl;
}
