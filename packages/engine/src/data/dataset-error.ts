import { EngineError } from '../errors.ts'

/** What is wrong with a dataset. */
export type DatasetProblem =
  | 'missing-folder'
  | 'not-a-folder'
  | 'no-permission'
  /** Split folders that contradict each other, or a test/ without train/. */
  | 'bad-layout'
  | 'no-classes'
  | 'one-class'
  | 'empty-class'
  /** A class all of whose images were skipped. */
  | 'unreadable-class'
  | 'too-few-images'
  /** valid/ or test/ has a class that train/ lacks. */
  | 'unknown-class'
  /** A file was changed or removed after the dataset was opened. */
  | 'changed-file'

/** A dataset that cannot be used as it is. `path` is the file or folder at fault; the message says what to do about it. */
export class DatasetError extends EngineError {
  override readonly name = 'DatasetError'
  readonly problem: DatasetProblem
  readonly path: string

  constructor(problem: DatasetProblem, path: string, message: string, options?: ErrorOptions) {
    super('BAD_DATASET', message, options)
    this.problem = problem
    this.path = path
  }
}
