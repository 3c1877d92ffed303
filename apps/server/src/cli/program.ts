import { Command, CommanderError } from 'commander'
import { addBenchCommand } from '../commands/bench.ts'
import { addCalibrateCommand } from '../commands/calibrate.ts'
import { addDataCommand } from '../commands/data.ts'
import { addDoctorCommand } from '../commands/doctor.ts'
import { addEvaluateCommand } from '../commands/evaluate.ts'
import { addExplainCommand } from '../commands/explain.ts'
import { addExportCommand } from '../commands/export.ts'
import { addLrFindCommand } from '../commands/lr-find.ts'
import { addPredictCommand } from '../commands/predict.ts'
import { addReportCommand } from '../commands/report.ts'
import { addServeCommand } from '../commands/serve.ts'
import { addTrainCommand } from '../commands/train.ts'
import { addTuneCommand } from '../commands/tune.ts'
import { addWeightsCommand } from '../commands/weights.ts'
import { addWorkerCommand } from '../commands/worker.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { readVersion } from './version.ts'

/** The command line: every command is a file of `commands/`, which adds itself. Wrong usage throws UsageError. */
export function createProgram(io: Io): Command {
  const program = new Command('sporeprint')
    .description('Fine-tune, tune, explain and serve ResNet image classifiers on any GPU that WebGPU reaches')
    .version(readVersion())
    .configureOutput({ outputError: () => {} })
    .exitOverride((error) => {
      throw isHelp(error) ? error : new UsageError(usageMessage(error))
    })
  addDoctorCommand(program, io)
  addServeCommand(program, io)
  addWorkerCommand(program, io)
  addTrainCommand(program, io)
  addEvaluateCommand(program, io)
  addReportCommand(program, io)
  addLrFindCommand(program, io)
  addTuneCommand(program, io)
  addExplainCommand(program, io)
  addPredictCommand(program, io)
  addCalibrateCommand(program, io)
  addExportCommand(program, io)
  addDataCommand(program, io)
  addWeightsCommand(program, io)
  addBenchCommand(program, io)
  return program
}

/** True where commander left because help or the version was asked for and printed. */
export function isHelp(error: unknown): error is CommanderError {
  return error instanceof CommanderError && error.exitCode === 0
}

/** Commander's text without its prefix, on one line. */
function usageMessage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'a command is missing: see the list above'
  return error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}
