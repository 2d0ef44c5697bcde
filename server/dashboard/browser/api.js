/* The API: one question, and either its data or an error that says what to tell people. */

/* The token is missing, expired or not valid: only another one helps. */
export class Unauthenticated extends Error {}

/* Anything else that went wrong, in words for people. */
export class Failed extends Error {}

export function asker(endpoint, token) {
  return async function ask(query, variables) {
    const response = await sent(endpoint, token, { query, variables });
    if (response.status === 401) {
      throw new Unauthenticated('The token is not valid, or no longer: tokens expire.');
    }
    const answer = await decoded(response);
    if (answer.errors?.length) {
      throw new Failed(answer.errors.map(error => error.message).join(' '));
    }
    return answer.data;
  };
}

async function sent(endpoint, token, request) {
  try {
    return await fetch(endpoint, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json, application/json',
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(request),
    });
  } catch {
    throw new Failed('The server cannot be reached.');
  }
}

async function decoded(response) {
  try {
    return await response.json();
  } catch {
    throw new Failed(`The server answered ${response.status}, and not in JSON.`);
  }
}
