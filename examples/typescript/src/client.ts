/* A client whose cache adds the pages of a list to each other. */

import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';

/* fetch: counts requests in this example; leave it out elsewhere. */
export function clientOf(uri: string, token: string, fetch: typeof globalThis.fetch = globalThis.fetch): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri, fetch, headers: { authorization: `Bearer ${token}` } }),
    cache: new InMemoryCache({
      // An answer that is withheld has no id, and is kept where it stands: in its field, by the field's arguments.
      typePolicies: {
        Cohort: { fields: { learners: relayStylePagination() } },
        Learner: { fields: { mastery: relayStylePagination(['minScore', 'maxScore']) } },
      },
    }),
  });
}
