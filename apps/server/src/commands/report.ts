import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { wholeNumber } from '../cli/numbers.ts'

interface ReportOptions {
  data?: string
  out?: string
  batch: number
  evaluate: boolean
}

/** `report RUN`: one page, to be read and sent, with all that a training run and its evaluation tell. */
export function addReportCommand(program: Command, io: Io): void {
  addCommand(program, 'report', 'write what a training run came to as one HTML page, and as Markdown')
    .argument('<run>', 'the folder that train --out wrote')
    .option('--data <dir>', 'where the images are, if they moved since')
    .option('--out <file>', 'the page to write (default: report.html in RUN); report.md goes beside it')
    .addOption(new Option('--batch <n>', 'images at once').default(16).argParser(wholeNumber(1, 4096)))
    .option('--no-evaluate', 'do not evaluate anew: take the evaluation kept from the last report, if there is one')
    .action(async (run: string, options: ReportOptions) =>
      (await import('../report/report.ts')).writeReport(io, { run, ...options }),
    )
}
