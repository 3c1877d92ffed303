import type { Command } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { dataOption } from '../cli/server-options.ts'
import { diagnose, formatDiagnosis } from '../doctor/index.ts'

/** `doctor`: adapter, Node, database and disk; what is wrong and how to mend it. Exit code 1 where something is. */
export function addDoctorCommand(program: Command, io: Io): void {
  addCommand(program, 'doctor', 'look over the machine: what is wrong, and how to mend it')
    .addOption(dataOption())
    .action(async ({ data }: { data: string }) => {
      const diagnosis = await diagnose({ dataDir: data })
      io.say(formatDiagnosis(diagnosis))
      io.document(diagnosis)
      if (!diagnosis.ok) process.exitCode = 1
    })
}
