import { builder } from './builder.ts'
import type { GraphQLSchema } from './library.ts'
import './errors.ts'
import '../modules/datasets/datasets.schema.ts'
import '../modules/evaluations/evaluations.schema.ts'
import '../modules/jobs/jobs.schema.ts'
import '../modules/models/models.schema.ts'
import '../modules/runs/run.schema.ts'
import '../modules/runs/runs.live.ts'
import '../modules/runs/runs.schema.ts'
import '../modules/workers/workers.schema.ts'

export const schema: GraphQLSchema = builder.toSchema()
