import { type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import type { AddWeightsOptions } from '../weights.ts'

/** `weights list|add|convert`: the weights on this machine, and how others come to it. */
export function addWeightsCommand(program: Command, io: Io): void {
  const weights = program.command('weights').description('list, fetch and convert pretrained weights')

  addCommand(weights, 'list', 'list the weights on this machine, and those that can be fetched by name').action(
    async () => (await import('../weights.ts')).list(io),
  )

  addCommand(weights, 'add', 'verify weights and keep them by name: a file, an address, or a name of the list')
    .argument('<source>', 'a .pth or .safetensors file, an address, or a name')
    .option('--name <name>', 'what to call them (default: the name of the file)')
    .addOption(
      new Option('--sha256 <hex>', 'what the SHA-256 of the file must be, or begin with').argParser((text: string) => {
        if (/^[\da-f]{8,64}$/i.test(text)) return text
        throw new InvalidArgumentError('It must be 64 hexadecimal digits, of which the first 8 will do.')
      }),
    )
    .action(async (source: string, options: AddWeightsOptions) =>
      (await import('../weights.ts')).add(io, source, options),
    )

  addCommand(weights, 'convert', 'write weights as safetensors with torchvision’s names')
    .argument('<in>', 'a PyTorch checkpoint (.pth), a safetensors file or a checkpoint folder')
    .argument('<out>', 'safetensors file to write; there must be none of that name')
    .action(async (from: string, to: string) => (await import('../weights.ts')).convert(io, from, to))
}
