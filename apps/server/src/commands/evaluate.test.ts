import { cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../testing/cli.ts'

let folder: string
const ran = async (...args: string[]) => {
  const result = await runCli(args, { cwd: folder })
  expect({ args, code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 })
  return result
}
const refused = async (code: number, ...args: string[]) => {
  const result = await runCli(args, { cwd: folder })
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^sporeprint: [^\n]+\n$/) })
  return result.stderr
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-evaluate-'))
  await ran('data', 'synth', 'synth', '--count', '10', '--test', '0', '--size', '40')
  for (const name of ['Amanita', 'Boletus']) {
    await cp(join(folder, 'synth', 'train', name), join(folder, 'images', name), { recursive: true })
  }
  // As small as a real training can be.
  await ran('train', 'images', '--arch', 'resnet18', '--size', '32', '--batch', '8', '--epochs', '1', '--out', 'run')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const epochOf = async (run: string) => JSON.parse((await readFile(join(folder, run, 'history.jsonl'), 'utf8')).trim())

describe('evaluate', () => {
  test('says of the images that a run held out what the run said of them, in one JSON document', async () => {
    const args = ['evaluate', 'run', 'images', '--split', 'valid', '--label-smoothing', '0.1', '--top', '2']
    const { stdout, stderr } = await ran(...args, '--out', 'evaluation.json', '--json')
    const evaluation = JSON.parse(stdout)
    const { validLoss, accuracy, f1Macro } = await epochOf('run')
    expect(evaluation).toMatchObject({
      n: 4,
      accuracy,
      split: 'valid',
      model: join(folder, 'run', 'best'),
      data: join(folder, 'images'),
      classes: ['Amanita', 'Boletus'],
      byClass: [{ class: 'Amanita', count: 2 }, { count: 2 }],
      scores: { accuracy: { value: accuracy } },
      calibration: { ece: expect.any(Number) },
      topLosses: [{ thumbnail: expect.stringMatching(/^data:image\/jpeg;base64,/) }, {}],
      bottomLosses: [{}, {}],
      nearDuplicates: { count: expect.any(Number), pairs: expect.any(Array) },
    })
    expect(evaluation.loss).toBeCloseTo(validLoss, 5)
    expect(evaluation.f1Macro).toBeCloseTo(f1Macro, 12)
    expect(JSON.parse(await readFile(join(folder, 'evaluation.json'), 'utf8'))).toEqual(evaluation)
    expect(stderr).toContain('Most confused:')
  })

  test('tells people of a whole folder in tables, and that a model knows images that it was trained on', async () => {
    const { stdout, stderr } = await ran('evaluate', 'run/best', 'images', '--no-near-duplicates')
    expect(stdout).toContain('20 images (all) of images: resnet18 of run/best, 2 classes at 32 px')
    expect(stdout).toMatch(/\| accuracy +\| +\d\.\d{6} \| +\d\.\d{4} to \d\.\d{4} \|/)
    expect(stdout).toContain('| class   | precision |   recall |       F1 | images |')
    expect(stdout).not.toContain('Near-duplicates')
    expect(stderr).toContain('Warning: run was trained on most of these images: --split valid takes those')
  })

  test('refuses what it cannot evaluate in one line', async () => {
    expect(await refused(1, 'evaluate', 'nowhere', 'images')).toContain('nowhere cannot be read')
    const unknown = await runCli(['evaluate', 'run', 'synth'], { cwd: folder })
    expect(unknown).toMatchObject({ code: 1, stdout: '' })
    expect(unknown.stderr).toMatch(/does not know Agaricus, .* only Amanita, Boletus/)
    expect(await refused(2, 'evaluate', 'run', 'images', '--split', 'half')).toContain('Allowed choices are all')
    expect(await refused(2, 'evaluate', 'run')).toContain("missing required argument 'dir'")
  })
})

describe('report', () => {
  test('writes a page and its Markdown beside the run, with an evaluation of every split', async () => {
    const { stdout } = await ran('report', 'run', '--json')
    expect(JSON.parse(stdout)).toEqual({
      run: 'run',
      html: 'run/report.html',
      markdown: 'run/report.md',
      evaluation: 'run/evaluation.json',
    })
    const page = await readFile(join(folder, 'run', 'report.html'), 'utf8')
    for (const heading of ['Overall', 'Validation by class', 'Training', 'Configuration', 'Environment']) {
      expect(page).toContain(`<h2>${heading}</h2>`)
    }
    // Four of validation and sixteen of training, worst and best.
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(4 + 4 + 16 + 16)
    expect(page).not.toMatch(/(src|href)="(?!data:)|url\(|<script|@import/)
    const markdown = await readFile(join(folder, 'run', 'report.md'), 'utf8')
    expect(markdown).toMatch(/\| Training +\| 16 \|/)
    const { evaluations } = JSON.parse(await readFile(join(folder, 'run', 'evaluation.json'), 'utf8'))
    expect(evaluations.map(({ split }: { split: string }) => split)).toEqual(['train', 'valid'])
  })

  test('finds images that moved where it is told, and goes without them by the evaluation that was kept', async () => {
    await rename(join(folder, 'images'), join(folder, 'moved'))
    expect(await refused(1, 'report', 'run')).toContain('--data DIR says where they are')
    await ran('report', 'run', '--no-evaluate', '--out', 'kept.html')
    expect(await readFile(join(folder, 'kept.html'), 'utf8')).toContain('<h2>Validation by class</h2>')
    await rm(join(folder, 'run', 'evaluation.json'))
    const { stderr } = await ran('report', 'run', '--no-evaluate', '--out', 'bare.html')
    expect(stderr).toContain('Without an evaluation')
    const bare = await readFile(join(folder, 'bare.html'), 'utf8')
    expect(bare).toContain('Validation accuracy')
    expect(bare).not.toContain('<h2>Overall</h2>')
    expect((await stat(join(folder, 'bare.md'))).size).toBeGreaterThan(0)
  })

  test('refuses a folder without a run', async () => {
    expect(await refused(1, 'report', 'moved')).toContain('moved holds no run with a finished epoch')
    expect(await refused(2, 'report', 'run', '--no-evaluate', '--out', 'page.txt')).toContain('must end in .html')
  })
})
