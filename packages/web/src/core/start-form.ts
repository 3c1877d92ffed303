/** What the forms share that start something: datasets to choose from, problems by field, and the server's answer. */
import type { Api } from './api.ts'
import { datasetsQuery } from './documents.ts'
import type { Arch, DatasetsQuery } from './documents.types.ts'
import { ApiError, type FieldProblem } from './errors.ts'

export type Dataset = DatasetsQuery['datasets']['edges'][number]['node']

/** @throws {ApiError} */
export async function loadDatasets(api: Api): Promise<Dataset[]> {
  const { datasets } = await api.query(datasetsQuery, {})
  return datasets.edges.map((edge) => edge.node)
}

/** What every training is asked for, as text. */
export interface TrainingForm {
  dataset: string
  name: string
  arch: Arch
  weights: string
  size: string
  batch: string
}

/** Defaults of the command line; the server says what ranges it takes. */
export const emptyTraining: TrainingForm = {
  dataset: '',
  name: '',
  arch: 'resnet18',
  weights: '',
  size: '224',
  batch: '64',
}

/** A field of text has one problem at the most, a list of rows one for each row, by its name. */
export type Problems<Form> = { [Field in keyof Form]?: Form[Field] extends string ? string : Record<string, string> }

export const noDataset = 'Choose the dataset to train on'
export const notWhole = 'Must be a whole number'

export const isWhole = (text: string): boolean => /^\d+$/.test(text.trim())
export const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text))

/** What was typed, without spaces around it; undefined where that is nothing. */
export const given = (text: string): string | undefined => text.trim() || undefined

type Refusal =
  | { __typename: 'InvalidInput'; message: string; issues: readonly FieldProblem[] }
  | { __typename: 'NotFound'; message: string }

/** @throws {ApiError} INVALID_INPUT with the fields at fault, or NOT_FOUND */
export function refused(refusal: Refusal): never {
  if (refusal.__typename === 'InvalidInput') throw new ApiError('INVALID_INPUT', refusal.message, null, refusal.issues)
  throw new ApiError('NOT_FOUND', refusal.message, 'Choose another dataset, or import it again.')
}

/**
 * Sorts the server's issues to the fields of the form; `rest` holds those about something the form does not show.
 * @param empty the form, of which only the fields and their kinds count
 */
export function sortIssues<Form extends object>(
  empty: Form,
  issues: readonly FieldProblem[],
): { problems: Problems<Form>; rest: FieldProblem[] } {
  const problems: Record<string, string | Record<string, string>> = {}
  const rest: FieldProblem[] = []
  for (const issue of issues) {
    const [field = '', ...row] = issue.field.replace(/^(config|input\.budget|input)\./, '').split('.')
    const known = Object.entries(empty).find(([name]) => name === field)
    const message = capitalised(issue.message)
    if (known && typeof known[1] === 'string' && row.length === 0) problems[field] = message
    else if (known && Array.isArray(known[1]))
      problems[field] = { ...(problems[field] as object), [row.join('.')]: message }
    else rest.push(issue)
  }
  return { problems: problems as Problems<Form>, rest }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
