/** `report RUN`: evaluates a run's best checkpoint and writes what there is to say of it as one HTML page and as Markdown. */
import { readFile, writeFile } from 'node:fs/promises'
import { arch, platform, release } from 'node:os'
import { basename, extname, join, relative } from 'node:path'
import { bestOf, type EvaluateResult } from '@sporeprint/engine'
import type { RunRecord } from '@sporeprint/engine/node'
import { CommandError, UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { readVersion } from '../cli/version.ts'
import { loadEngine } from '../engine.ts'
import { runEvaluate, splitOf } from '../evaluate/evaluate.ts'
import { exists } from '../files.ts'
import { reportMarkdown } from './markdown.ts'
import { reportPage } from './page.ts'
import type { ReportData } from './report-data.ts'

export interface ReportRequest {
  run: string
  /** Where the images are now, if they moved. */
  data?: string
  /** The page's file; Markdown has its name with .md. */
  out?: string
  batch: number
  /** Without, the report has the evaluation that was kept, or none. */
  evaluate: boolean
}

export async function writeReport(io: Io, request: ReportRequest): Promise<void> {
  const { readRunRecord } = await loadEngine()
  const run = await readRunRecord(request.run)
  if (run === null || run.history.length === 0) {
    throw new CommandError(
      'NO_RUN',
      `${request.run} holds no run with a finished epoch: name the folder that train --out wrote`,
    )
  }
  const page = request.out ?? join(request.run, 'report.html')
  if (!/\.html?$/.test(page)) throw new UsageError(`--out ${page} must end in .html: Markdown is written beside it`)
  const markdown = `${page.slice(0, -extname(page).length)}.md`
  const kept = join(request.run, 'evaluation.json')
  const evaluation = request.evaluate ? await evaluateRun(io, run, request) : await readKept(kept)
  if (request.evaluate) await writeFile(kept, `${JSON.stringify(evaluation, null, 2)}\n`)
  const data: ReportData = {
    run,
    best: bestOf(run.history, run.spec),
    evaluation,
    written: new Date(),
    versions: {
      sporeprint: readVersion(),
      node: process.versions.node,
      system: `${platform()} ${release()}, ${arch()}`,
    },
  }
  await writeFile(page, reportPage(data))
  await writeFile(markdown, reportMarkdown(data))
  const place = (path: string): string => relative('', path) || '.'
  io.say(`Written: ${place(page)} and ${place(markdown)}`)
  if (evaluation === null) io.log('Without an evaluation: leave out --no-evaluate to make one.')
  io.document({ run: basename(run.dir), html: page, markdown, evaluation: evaluation === null ? null : kept })
}

async function evaluateRun(
  io: Io,
  run: RunRecord,
  { data = run.spec.data, batch }: ReportRequest,
): Promise<EvaluateResult> {
  if (!(await exists(data))) {
    throw new CommandError(
      'NO_DATA',
      `the images of this run are not at ${data} any more: --data DIR says where they are`,
    )
  }
  return runEvaluate(io, {
    ...splitOf(run),
    model: join(run.dir, 'best'),
    data,
    splits: 'each',
    batch,
    labelSmoothing: run.spec.labelSmoothing,
  })
}

async function readKept(path: string): Promise<EvaluateResult | null> {
  return (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as EvaluateResult) : null
}
