/* What is asked: `npm run generate` makes the types of the answers from these texts and the schema. */

import { graphql } from './generated/gql.js';

export const MEMBERS = graphql(/* GraphQL */ `
  query Members($cohort: ID!, $first: Int!, $after: String) {
    cohort(id: $cohort) {
      id
      name
      learners(first: $first, after: $after) {
        edges {
          cursor
          node {
            id
            displayName
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`);

export const STANDING = graphql(/* GraphQL */ `
  query Standing($learner: ID!, $objective: ID!) {
    learner(id: $learner) {
      id
      peerStanding(objectiveId: $objective) {
        ... on PeerStanding {
          __typename
          score
          percentileRank
          rankMargin
        }
        ... on Unavailable {
          __typename
          reason
          message
        }
      }
    }
  }
`);
