/* Reads a cohort's learners page by page and one of them again: `npm start`. README.md says what it reads. */

import { environmentOf } from './environment';
import { refetched } from './learner';
import { readAll } from './members';

const { PACELINE_URL = 'http://127.0.0.1:8000/graphql', PACELINE_TOKEN = '', COHORT = '' } = process.env;

async function main(): Promise<void> {
  const environment = environmentOf(PACELINE_URL, PACELINE_TOKEN);
  const { ids, pages } = await readAll(environment, COHORT);
  console.log(JSON.stringify({ members: ids, pages, again: await refetched(environment, ids[0] ?? '') }));
}

main().catch((fault: Error) => {
  console.error(fault.message);
  process.exitCode = 1;
});
