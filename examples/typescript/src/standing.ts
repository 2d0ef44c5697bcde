/* Where a learner stands, in words: an answer that is withheld is a type of its own, and cannot be forgotten. */

import type { ApolloClient } from '@apollo/client';

import { STANDING } from './documents.js';

export async function standing(client: ApolloClient, learner: string, objective: string): Promise<string> {
  const { data } = await client.query({ query: STANDING, variables: { learner, objective } });
  const answer = data?.learner?.peerStanding;
  switch (answer?.__typename) {
    case 'PeerStanding':
      return `${answer.percentileRank} % of peers are at or below ${answer.score}, give or take ${answer.rankMargin}`;
    case 'Unavailable':
      return `${answer.reason}: ${answer.message}`;
    case undefined:
      return 'There is no such learner for this caller.';
  }
}
