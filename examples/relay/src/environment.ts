/* Relay's network and store, over one Paceline server. */

import { Environment, type FetchFunction, Network, RecordSource, Store } from 'relay-runtime';

export function environmentOf(url: string, token: string): Environment {
  const ask: FetchFunction = async ({ text }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json',
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: text, variables }),
    });
    const answer = await response.json();
    if (answer.errors) {
      throw new Error(`${response.status}: ${answer.errors.map((error: { message: string }) => error.message).join(' ')}`);
    }
    return answer;
  };
  return new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
}
