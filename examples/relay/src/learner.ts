/* One learner, by its id alone: what Relay does when something that it has seen anywhere is to be fetched again. */

import { type Environment, fetchQuery, graphql } from 'relay-runtime';

import type { learnerNodeQuery, learnerNodeQuery$data } from './__generated__/learnerNodeQuery.graphql';

const query = graphql`
  query learnerNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on Learner {
        displayName
        dayInJourney
      }
    }
  }
`;

export async function refetched(environment: Environment, id: string): Promise<learnerNodeQuery$data['node']> {
  const data = await fetchQuery<learnerNodeQuery>(environment, query, { id }, { fetchPolicy: 'network-only' }).toPromise();
  return data?.node ?? null;
}
