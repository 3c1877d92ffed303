import { expect, test } from 'vitest'
import { sortIssues } from './start-form.ts'
import { emptyRun } from './start-run.ts'
import { emptyStudy } from './start-study.ts'

test('the server’s issues go to the fields of a run, and those of fields not shown are kept apart', () => {
  const seed = { field: 'config.seed', message: 'must be a whole number' }
  const { problems, rest } = sortIssues(emptyRun, [
    { field: 'config.batch', message: 'must be a whole number from 1 to 4096' },
    { field: 'name', message: 'must not be longer than 200 characters' },
    seed,
  ])
  expect(problems).toEqual({
    batch: 'Must be a whole number from 1 to 4096',
    name: 'Must not be longer than 200 characters',
  })
  expect(rest).toEqual([seed])
})

test('those of a study go to its fields, its limits and the rows of its space', () => {
  const strange = { field: 'input.enqueue', message: 'names no parameter' }
  const { problems, rest } = sortIssues(emptyStudy, [
    { field: 'input.space.baseLr', message: 'cannot be 20: must be a number from 1e-8 to 10' },
    { field: 'input.space.augment.rotate', message: 'cannot be 400: must be a number from 0 to 180' },
    { field: 'input.rungs', message: 'The rungs are [3, 1]: they must be integers that rise, below 9' },
    { field: 'input.budget.trials', message: 'must be a whole number above 0' },
    { field: 'config.batch', message: 'must be a whole number from 1 to 4096' },
    strange,
  ])
  expect(problems).toEqual({
    space: {
      baseLr: 'Cannot be 20: must be a number from 1e-8 to 10',
      'augment.rotate': 'Cannot be 400: must be a number from 0 to 180',
    },
    rungs: 'The rungs are [3, 1]: they must be integers that rise, below 9',
    trials: 'Must be a whole number above 0',
    batch: 'Must be a whole number from 1 to 4096',
  })
  expect(rest).toEqual([strange])
})
