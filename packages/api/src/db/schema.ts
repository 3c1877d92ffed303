/** Every table, for drizzle and drizzle-kit. */
export * from '../modules/datasets/datasets.table.ts'
export * from '../modules/evaluations/evaluations.table.ts'
export * from '../modules/jobs/jobs.table.ts'
export * from '../modules/models/models.table.ts'
export * from '../modules/runs/runs.table.ts'
export * from '../modules/studies/studies.table.ts'
export * from '../modules/workers/workers.table.ts'
