// Asks once by Apollo's client with automatic persisted queries: `node apollo.js URL TOKEN METHOD`. Prints as JSON what it
// sent and what it was answered. METHOD: GET or POST, for requests that carry a digest alone.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const [uri, token, method] = process.argv.slice(2);
const sent = [];

async function recorded(input, init) {
  const url = new URL(input);
  const { query, extensions } = init.body ? JSON.parse(init.body) : Object.fromEntries(url.searchParams);
  const response = await fetch(input, init);
  sent.push({
    method: init.method,
    hasQuery: query !== undefined,
    hasDigest: JSON.stringify(extensions ?? "").includes("sha256Hash"),
    status: response.status,
  });
  return response;
}

const persisted = new PersistedQueryLink({
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  useGETForHashedQueries: method === "GET",
});
const http = new HttpLink({ uri, fetch: recorded, headers: { authorization: `Bearer ${token}` } });
const client = new ApolloClient({ link: ApolloLink.from([persisted, http]), cache: new InMemoryCache() });

const query = gql`
  query Objectives {
    objectives(first: 1) {
      totalCount
    }
  }
`;
const answers = [];
for (let turn = 0; turn < 2; turn += 1) {
  const { data } = await client.query({ query, fetchPolicy: "no-cache" });
  answers.push(data.objectives.totalCount);
}
console.log(JSON.stringify({ sent, answers }));
