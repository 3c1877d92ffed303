import { expect, test } from 'vitest'
import { epochTableHeader, epochTableRow } from './epoch-table.ts'

test("the table has the notebook's columns, digits and clock", () => {
  const row = epochTableRow({
    epoch: 24,
    phase: 'unfrozen',
    trainLoss: 0.516994,
    validLoss: 0.61929,
    accuracy: 0.947649,
    f1Weighted: 0.947328,
    f1Micro: 0.947649,
    f1Macro: 0.9352111,
    seconds: 16.4,
    lr: 1e-5,
  })
  expect([...epochTableHeader, row]).toEqual([
    '| epoch | train_loss | valid_loss | accuracy | f1_weighted | f1_micro | f1_macro |  time |',
    '|-------|------------|------------|----------|-------------|----------|----------|-------|',
    '|    24 |   0.516994 |   0.619290 | 0.947649 |    0.947328 | 0.947649 | 0.935211 | 00:16 |',
  ])
})
