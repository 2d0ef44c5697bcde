/* A cohort's learners, page by page, gathered in the cache. */

import type { ApolloClient } from '@apollo/client';

import { MEMBERS } from './documents.js';

const PAGE = 20;

export interface Member {
  readonly id: string;
  readonly displayName: string | null;
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/* Asks for page after page. Each goes into the cache behind the one before. */
export async function readAll(client: ApolloClient, cohort: string): Promise<void> {
  let after: string | null = null;
  let more = true;
  while (more) {
    const { hasNextPage, endCursor }: PageInfo = await readPage(client, cohort, after);
    after = endCursor;
    more = hasNextPage;
  }
}

async function readPage(client: ApolloClient, cohort: string, after: string | null): Promise<PageInfo> {
  const variables = { cohort, first: PAGE, after };
  const { data } = await client.query({ query: MEMBERS, variables, fetchPolicy: 'network-only' });
  const page = data?.cohort?.learners;
  if (!page) {
    throw new Error('There is no such cohort for this caller, or its learners are not for this caller to list.');
  }
  return page.pageInfo;
}

/* Everybody that was read, without a request. */
export function cached(client: ApolloClient, cohort: string): readonly Member[] {
  const read = client.readQuery({ query: MEMBERS, variables: { cohort, first: PAGE } });
  return (read?.cohort?.learners?.edges ?? []).map(({ node }) => ({ id: node.id, displayName: node.displayName ?? null }));
}
