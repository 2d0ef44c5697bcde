/* Reads a cohort's learners and says where the first one stands: `npm start`. README.md says what it reads. */

import { clientOf } from './client.js';
import { cached, readAll } from './members.js';
import { standing } from './standing.js';

const { PACELINE_URL = 'http://127.0.0.1:8000/graphql', PACELINE_TOKEN = '', COHORT = '', LEARNER = '', OBJECTIVE = '' } = process.env;

let requests = 0;
const client = clientOf(PACELINE_URL, PACELINE_TOKEN, (...request) => {
  requests += 1;
  return fetch(...request);
});

await readAll(client, COHORT);
const asked = requests;
const members = cached(client, COHORT);
console.log(
  JSON.stringify({
    members: members.map(({ id }) => id),
    requests: asked,
    requestsForTheCache: requests - asked,
    standing: await standing(client, LEARNER, OBJECTIVE),
  }),
);
client.stop();
