// Mercurius with its compiler, loaders and SQL written by hand for these questions: node mercurius.mjs PORT DSN

import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const [port, connectionString] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: 10 });
pg.types.setTypeParser(20, Number);

const schema = `
  type Objective { id: ID! name: String! }
  type Score { objective: Objective! score: Float! responses: Int! }
  type Learner { id: ID! displayName: String! scores(first: Int!): [Score!]! }
  type Cohort { id: ID! learners(first: Int!): [Learner!]! }
  type Query { cohort(id: ID!): Cohort }
`;

const resolvers = {
  Query: { cohort: (_, { id }) => ({ id }) },
  Cohort: {
    learners: async ({ id }, { first }) => {
      const text = `SELECT id, display_name AS "displayName" FROM learners
        WHERE cohort_id = $1 ORDER BY display_name, id LIMIT $2`;
      return (await pool.query({ name: "learners", text, values: [id, first] })).rows;
    },
  },
};

const loaders = {
  Learner: {
    scores: async (asked) => {
      const text = `SELECT * FROM (
          SELECT r.learner_id, o.id, o.name, r.responses, r.comprehension_sum,
            row_number() OVER (PARTITION BY r.learner_id ORDER BY o.name, o.id) AS place
          FROM objective_rollups r JOIN objectives o ON o.id = r.objective_id
          WHERE r.learner_id = ANY($1::uuid[])
        ) AS ranked WHERE place <= $2 ORDER BY learner_id, place`;
      const values = [asked.map(({ obj }) => obj.id), asked[0].params.first];
      const found = new Map();
      for (const row of (await pool.query({ name: "scores", text, values })).rows) {
        const score = {
          objective: { id: row.id, name: row.name },
          score: row.comprehension_sum / (row.responses * 1e6),
          responses: row.responses,
        };
        const scores = found.get(row.learner_id);
        if (scores) scores.push(score);
        else found.set(row.learner_id, [score]);
      }
      return asked.map(({ obj }) => found.get(obj.id) ?? []);
    },
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ port: Number(port), host: "127.0.0.1" });
