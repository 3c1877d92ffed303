/** The form that starts a run: from text as typed to the mutation's input, and from the server's answer back to the fields. */
import type { Api } from './api.ts'
import { datasetsQuery, startRunMutation } from './documents.ts'
import type { Arch, AugmentationPreset, DatasetsQuery, StartRunInput } from './documents.types.ts'
import { ApiError, type FieldProblem } from './errors.ts'

export interface StartRunForm {
  dataset: string
  name: string
  arch: Arch
  weights: string
  size: string
  batch: string
  epochs: string
  baseLr: string
  augmentation: AugmentationPreset
}

export type FormField = keyof StartRunForm
export type FormProblems = Partial<Record<FormField, string>>

/** Defaults of the command line; the server says what ranges it takes. */
export const emptyForm: StartRunForm = {
  dataset: '',
  name: '',
  arch: 'resnet18',
  weights: '',
  size: '224',
  batch: '64',
  epochs: '5',
  baseLr: '0.002',
  augmentation: 'none',
}

export type Dataset = DatasetsQuery['datasets']['edges'][number]['node']

/** @throws {ApiError} */
export async function loadDatasets(api: Api): Promise<Dataset[]> {
  const { datasets } = await api.query(datasetsQuery, {})
  return datasets.edges.map((edge) => edge.node)
}

/** What can be seen without the server: a missing dataset and text that is no number. */
export function checkForm(form: StartRunForm): FormProblems {
  const problems: FormProblems = {}
  if (form.dataset === '') problems.dataset = 'Choose the dataset to train on'
  for (const field of ['size', 'batch', 'epochs'] as const) {
    if (!/^\d+$/.test(form[field].trim())) problems[field] = 'Must be a whole number'
  }
  if (form.baseLr.trim() === '' || !Number.isFinite(Number(form.baseLr)))
    problems.baseLr = 'Must be a number, such as 0.002'
  return problems
}

export function toInput(form: StartRunForm): StartRunInput {
  return {
    dataset: form.dataset,
    ...(form.name.trim() === '' ? {} : { name: form.name.trim() }),
    config: {
      arch: form.arch,
      ...(form.weights.trim() === '' ? {} : { weights: form.weights.trim() }),
      size: Number(form.size),
      batch: Number(form.batch),
      epochs: Number(form.epochs),
      baseLr: Number(form.baseLr),
      augmentation: { preset: form.augmentation },
    },
  }
}

/**
 * Starts the run.
 * @returns its id
 * @throws {ApiError} INVALID_INPUT with the fields at fault, or any failure of the request
 */
export async function startRun(api: Api, form: StartRunForm): Promise<string> {
  const { startRun: result } = await api.mutate(startRunMutation, { input: toInput(form) })
  switch (result.__typename) {
    case 'StartRunSuccess':
      return result.run.id
    case 'InvalidInput':
      throw new ApiError('INVALID_INPUT', result.message, null, result.issues)
    case 'NotFound':
      throw new ApiError('NOT_FOUND', result.message, 'Choose another dataset, or import it again.')
  }
}

/** Sorts the server's issues to the fields of the form; `rest` holds those about something the form does not show. */
export function toProblems(issues: readonly FieldProblem[]): { problems: FormProblems; rest: FieldProblem[] } {
  const problems: FormProblems = {}
  const rest: FieldProblem[] = []
  for (const issue of issues) {
    const field = issue.field.replace(/^config\./, '')
    if (field in emptyForm) problems[field as FormField] = capitalised(issue.message)
    else rest.push(issue)
  }
  return { problems, rest }
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
