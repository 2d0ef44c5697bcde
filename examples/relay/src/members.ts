/* A cohort's learners: a fragment with a connection, which grows by refetching the cohort by its id. */

import {
  createOperationDescriptor,
  type Environment,
  fetchQuery,
  getFragment,
  getRequest,
  getSingularSelector,
  graphql,
} from 'relay-runtime';

import type { members_cohort$data } from './__generated__/members_cohort.graphql';
import pageQuery, { type membersPageQuery } from './__generated__/membersPageQuery.graphql';
import type { membersQuery } from './__generated__/membersQuery.graphql';

const PAGE = 20;

const query = graphql`
  query membersQuery($cohort: ID!, $count: Int!) {
    cohort(id: $cohort) {
      id
      ...members_cohort @arguments(count: $count)
    }
  }
`;

const fragment = graphql`
  fragment members_cohort on Cohort
  @refetchable(queryName: "membersPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    learners(first: $count, after: $after) @connection(key: "members_learners") {
      edges {
        node {
          id
          displayName
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

/* Reads page after page; what the store then knows of the cohort, and how many pages it took. */
export async function readAll(environment: Environment, cohort: string): Promise<{ ids: string[]; pages: number }> {
  const operation = createOperationDescriptor(getRequest(query), { cohort, count: PAGE });
  // Unless somebody holds on to it, the store may drop what nobody looks at.
  const held = environment.retain(operation);
  try {
    await fetchQuery<membersQuery>(environment, query, { cohort, count: PAGE }).toPromise();
    let pages = 1;
    let { pageInfo } = membersIn(environment, operation);
    while (pageInfo.hasNextPage) {
      const variables = { id: cohort, count: PAGE, after: pageInfo.endCursor ?? null };
      await fetchQuery<membersPageQuery>(environment, pageQuery, variables).toPromise();
      pages += 1;
      ({ pageInfo } = membersIn(environment, operation));
    }
    return { ids: membersIn(environment, operation).edges.map(({ node }) => node.id), pages };
  } finally {
    held.dispose();
  }
}

/* The connection as the store has it, however many pages it was fetched in. */
function membersIn(environment: Environment, operation: ReturnType<typeof createOperationDescriptor>) {
  const { cohort } = environment.lookup(operation.fragment).data as unknown as membersQuery['response'];
  const selector = cohort ? getSingularSelector(getFragment(fragment), cohort) : null;
  const found = selector ? (environment.lookup(selector).data as unknown as members_cohort$data | undefined) : undefined;
  if (!found?.learners) {
    throw new Error('There is no such cohort for this caller, or its learners are not for this caller to list.');
  }
  return found.learners;
}
