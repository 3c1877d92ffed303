/**
 * The journal of a study: one JSON document a line, appended and flushed to the disk before what it says is relied upon. The study is
 * what its events lead to, so a process that is killed at any moment loses at most the line that it was writing.
 */

import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RateSuggestions } from '@sporeprint/engine'
import type { Spread } from '@sporeprint/metrics'
import { type DrivenStudy, type FloatParameter, record, type StudyEvent, type StudyPlan } from '@sporeprint/tuning'
import { CommandError } from '../cli/errors.ts'
import { exists } from '../files.ts'
import { lockStudy } from './lock.ts'
import type { StudyRequest } from './request.ts'

/** What a study is from its first line on. */
export interface Opening {
  request: StudyRequest
  plan: StudyPlan
  rate: FoundRate | null
}

/** Lines beside the events of the study. */
type Note =
  | ({ kind: 'opened' } & Opening)
  /** A process begins, or goes on. */
  | { kind: 'session' }
  /** What the model of a trial was worth at the end of a stage; see intervals.ts. */
  | ({ kind: 'validated'; number: number; fold: number } & Validated)
  /** The winner under another seed. */
  | ({ kind: 'final' } & Final)

/** What the range test found, and what is left of baseLr therefore; null where nothing would be. */
export interface FoundRate {
  suggestions: RateSuggestions
  rate: number | null
  range: FloatParameter | null
}

export interface Validated {
  /** Images. */
  n: number
  /** Of each objective that has one. */
  intervals: (Spread | null)[]
}

export interface Final extends Validated {
  number: number
  seed: number
  /** Where no test split was held out, the validation images that the study chose by. */
  split: 'test' | 'valid'
  values: number[]
  checkpoint: string | null
}

type Line = { at: string } & (StudyEvent | Note)

export class Journal {
  readonly request: StudyRequest
  readonly rate: FoundRate | null
  readonly study: DrivenStudy
  /** By trial and fold. */
  readonly validated: Map<string, Validated> = new Map()
  readonly finals: Final[] = []
  readonly #file: FileHandle
  readonly #unlock: () => Promise<void>
  #writing: Promise<unknown> = Promise.resolve()
  /** Milliseconds of the sessions before this one, by the clock of their lines; a clock may be set back. */
  #before = 0
  #began: number | null = null
  #last = 0
  readonly #opened = performance.now()

  private constructor(file: FileHandle, unlock: () => Promise<void>, { request, plan, rate }: Opening) {
    this.#file = file
    this.#unlock = unlock
    this.request = request
    this.rate = rate
    this.study = { plan, trials: [] }
  }

  /** The journal of a new study, in a folder that is made. */
  static async create(dir: string, opening: Opening): Promise<Journal> {
    const path = journalPath(dir)
    await mkdir(dir, { recursive: true })
    const unlock = await lockStudy(dir)
    const journal = new Journal(await open(path, 'a'), unlock, opening)
    await journal.note({ kind: 'opened', ...opening })
    await journal.note({ kind: 'session' })
    // The name of a new file is the folder's.
    const folder = await open(dirname(path))
    await folder.sync()
    await folder.close()
    return journal
  }

  /** The journal in `dir`, or null where there is none. A line that a killed process did not finish is taken off. */
  static async resume(dir: string): Promise<Journal | null> {
    const path = journalPath(dir)
    if (!(await exists(path))) return null
    const unlock = await lockStudy(dir)
    try {
      const text = await readFile(path, 'utf8')
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      const lines = whole.split('\n').slice(0, -1)
      const [first, ...rest] = lines.map((line, i) => parse(path, line, i + 1))
      // Killed before its first line was whole: there is no study yet.
      if (first === undefined) {
        await rm(path)
        await unlock()
        return null
      }
      if (first.kind !== 'opened') throw new CommandError('STUDY_UNREADABLE', `${path} does not begin a study`)
      const file = await open(path, 'a')
      await file.truncate(Buffer.byteLength(whole))
      const journal = new Journal(file, unlock, first)
      for (const line of [first, ...rest]) journal.#apply(line)
      await journal.note({ kind: 'session' })
      return journal
    } catch (error) {
      await unlock()
      throw error
    }
  }

  /** Notes it, here and, when the promise resolves, on the disk. Lines keep their order. */
  note(entry: StudyEvent | Note): Promise<void> {
    const line = { at: new Date().toISOString(), ...entry }
    this.#apply(line)
    const written = this.#writing.then(async () => {
      await this.#file.appendFile(`${JSON.stringify(line)}\n`)
      await this.#file.datasync()
    })
    this.#writing = written
    return written
  }

  /** How long the study has been worked on, all sessions together. */
  hours(): number {
    return (this.#before + performance.now() - this.#opened) / 3_600_000
  }

  /** Takes the study away again: one that could not begin, for want of images say, is in nobody's way. */
  async discard(): Promise<void> {
    await this.#writing
    await rm(journalPath(this.request.base.out as string), { force: true })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
    await this.#unlock()
  }

  #apply(line: Line): void {
    const at = Date.parse(line.at)
    switch (line.kind) {
      case 'opened':
        break
      case 'session':
        if (this.#began !== null) this.#before += Math.max(0, this.#last - this.#began)
        this.#began = at
        break
      case 'validated':
        this.validated.set(`${line.number} ${line.fold}`, { n: line.n, intervals: line.intervals })
        break
      case 'final': {
        const { at: _, kind, ...final } = line
        this.finals.push(final)
        break
      }
      default:
        record(this.study, line)
    }
    this.#last = at
  }
}

export const journalPath = (dir: string): string => join(dir, 'journal.jsonl')

function parse(path: string, line: string, number: number): Line {
  try {
    return JSON.parse(line) as Line
  } catch (cause) {
    throw new CommandError('STUDY_UNREADABLE', `${path} is damaged at line ${number}: restore it, or begin anew`, {
      cause,
    })
  }
}
