/* What a caller's request takes along to the subgraphs, and what a refusal brings back. */

import type { IncomingMessage } from 'node:http';

import { type GraphQLDataSourceProcessOptions, RemoteGraphQLDataSource } from '@apollo/gateway';
import type { ApolloServerPlugin } from '@apollo/server';

/* Who asks, in which language, and the trace that it is a part of (W3C Trace Context). */
const FORWARDED = ['authorization', 'accept-language', 'traceparent', 'tracestate'] as const;

export interface Caller {
  headers: Readonly<Record<string, string>>;
}

export async function callerOf({ req }: { req: IncomingMessage }): Promise<Caller> {
  const sent = FORWARDED.flatMap(name => {
    const value = req.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return { headers: Object.fromEntries(sent) };
}

export class Forwarding extends RemoteGraphQLDataSource<Caller> {
  override willSendRequest({ request, context }: GraphQLDataSourceProcessOptions<Caller>) {
    // Composition asks subgraphs too, on nobody's behalf: then there is nothing to forward.
    const { headers = {} } = context as Partial<Caller>;
    for (const [name, value] of Object.entries(headers)) {
      request.http?.headers.set(name, value);
    }
  }
}

/* A subgraph that does not know the caller makes the whole answer a 401, as Paceline's own would be. */
export const refusals: ApolloServerPlugin<Caller> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response, errors }) {
        if (errors?.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')) {
          response.http.status = 401;
          response.http.headers.set('www-authenticate', 'Bearer realm="paceline"');
        }
      },
    };
  },
};
