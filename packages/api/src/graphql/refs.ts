/**
 * The nodes of the graph by name, with the loaders that fetch them. Each module implements its own; they are declared here
 * together because they refer to each other.
 */
import type { DatasetRow } from '../modules/datasets/datasets.table.ts'
import type { ExplanationRow } from '../modules/explanations/explanations.table.ts'
import type { JobRow } from '../modules/jobs/jobs.table.ts'
import type { ModelRow } from '../modules/models/models.table.ts'
import type { PredictionRow } from '../modules/predictions/predictions.table.ts'
import type { RunRow } from '../modules/runs/runs.table.ts'
import type { SeriesCursor } from '../modules/runs/series.ts'
import type { StudyRow, TrialRow } from '../modules/studies/studies.table.ts'
import type { UploadRow } from '../modules/uploads/uploads.table.ts'
import { builder, type QueryFields } from './builder.ts'
import type { Context } from './context.ts'

/** The row's id within a global id; what cannot be one becomes 0, which no row has. */
const parse = (id: string): number => (/^[1-9]\d{0,8}$/.test(id) ? Number(id) : 0)

/** Puts loaded rows in the order of the ids asked for. */
function inOrder<Row extends { id: number }>(ids: readonly number[], rows: readonly Row[]): (Row | null)[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => byId.get(id) ?? null)
}

/** A node that a table's rows back. */
const rowNode = <Row extends { id: number }>(
  name: string,
  load: (ids: number[], context: Context) => Promise<readonly Row[]>,
) => {
  const ref = builder.loadableNodeRef(name, {
    id: { resolve: (row: Row) => row.id, parse },
    load: async (ids: number[], context): Promise<(Row | null)[]> => inOrder(ids, await load(ids, context)),
  })
  // Pothos declares parseId as possibly undefined, and then takes the ids of arguments for text.
  return ref as typeof ref & { parseId: typeof parse }
}

/** A run's row; in an event of a subscription also how far its series have been sent. */
export type Run = RunRow & { cursor?: SeriesCursor }

export const DatasetRef = rowNode<DatasetRow>('Dataset', (ids, { services }) => services.datasets.byIds(ids))
export const RunRef = rowNode<Run>('Run', (ids, { services }) => services.runs.byIds(ids))
export const StudyRef = rowNode<StudyRow>('Study', (ids, { services }) => services.studies.byIds(ids))
export const TrialRef = rowNode<TrialRow>('Trial', (ids, { services }) => services.studies.trialsByIds(ids))
export const ModelRef = rowNode<ModelRow>('Model', (ids, { services }) => services.models.byIds(ids))
export const JobRef = rowNode<JobRow>('Job', (ids, { services }) => services.jobs.byIds(ids))
export const UploadRef = rowNode<UploadRow>('Upload', (ids, { services }) => services.uploads.byIds(ids))
export const PredictionRef = rowNode<PredictionRow>('Prediction', (ids, { services }) =>
  services.predictions.byIds(ids),
)
export const ExplanationRef = rowNode<ExplanationRow>('Explanation', (ids, { services }) =>
  services.explanations.byIds(ids),
)

type NodeRef =
  | typeof DatasetRef
  | typeof RunRef
  | typeof StudyRef
  | typeof ModelRef
  | typeof JobRef
  | typeof PredictionRef
  | typeof ExplanationRef

/** A field of Query: one thing by its id, null where there is none. */
export const byId = (t: QueryFields, ref: NodeRef): ReturnType<QueryFields['field']> =>
  t.field({
    type: ref,
    nullable: true,
    args: { id: t.arg.globalID({ required: true, for: ref }) },
    resolve: (_root, { id }) => id.id,
  })
