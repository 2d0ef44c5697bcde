/* The second subgraph: the platform's own profiles, which extend Paceline's Learner. */

import { readFileSync } from 'node:fs';

import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type DocumentNode, parse } from 'graphql';

/* Names a learner by the platform's id, as Paceline does: that is all that the two have to agree on. */
interface Profile {
  id: string;
  tutor: string;
  classroom: string;
}

export const typeDefs: DocumentNode = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key", "@shareable"])

  type Query {
    "The learners of a classroom, in pages."
    classroom(name: String!, first: Int = 20, after: String): ClassroomConnection!
  }

  type Learner @key(fields: "id") {
    id: ID!
    "Who answers this learner's questions; null where the platform has no profile."
    tutor: String
  }

  type ClassroomConnection {
    edges: [ClassroomEdge!]!
    pageInfo: PageInfo!
  }

  type ClassroomEdge {
    node: Learner!
    cursor: String!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }
`);

function resolversOf(profiles: readonly Profile[]) {
  const byId = new Map(profiles.map(profile => [profile.id, profile]));
  return {
    Query: {
      classroom(_: unknown, { name, first, after }: { name: string; first: number; after?: string | null }) {
        const members = profiles.filter(profile => profile.classroom === name);
        const from = after ? members.findIndex(({ id }) => id === after) + 1 : 0;
        const shown = members.slice(from, from + first);
        return {
          // A reference is an id and nothing more: the gateway asks Paceline for the rest, all learners at once.
          edges: shown.map(({ id }) => ({ node: { id }, cursor: id })),
          pageInfo: {
            hasNextPage: from + first < members.length,
            hasPreviousPage: from > 0,
            startCursor: shown[0]?.id ?? null,
            endCursor: shown.at(-1)?.id ?? null,
          },
        };
      },
    },
    Learner: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      tutor: ({ id }: { id: string }) => byId.get(id)?.tutor ?? null,
    },
  };
}

/* Serves the profiles of a file on a port of its own, and returns the address. A real one would check the token too. */
export async function serveProfiles(path: string): Promise<string> {
  const profiles = JSON.parse(readFileSync(path, 'utf8')) as Profile[];
  const server = new ApolloServer({
    schema: buildSubgraphSchema({ typeDefs, resolvers: resolversOf(profiles) }),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
  return url;
}
