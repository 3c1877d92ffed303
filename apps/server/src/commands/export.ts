import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import { CommandError, UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { loadEngine } from '../engine.ts'
import { exists } from '../files.ts'
import { addModelOptions, type ModelOptions, modelArgument, modelHints } from './model-options.ts'

const formats = ['safetensors', 'onnx', 'html'] as const

interface ExportOptions extends ModelOptions {
  format?: (typeof formats)[number]
  out: string
  half?: boolean
  force?: true
}

/** `export MODEL`: a model as others take it. */
export function addExportCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'export', 'write a model as safetensors, ONNX, or a web page that runs it')
    .argument('<model>', modelArgument)
    .requiredOption('--out <file>', 'file to write')
    .addOption(new Option('--format <name>', 'what to write (default: by the extension of --out)').choices(formats))
    .option('--half', 'filters in half precision: half the bytes (html does so by itself)')
    .option('--no-half', 'weights as they are')
    .option('--force', 'replace a file that is there')
  addModelOptions(command).action((model: string, options: ExportOptions) => exportModel(io, model, options))
}

async function exportModel(io: Io, model: string, options: ExportOptions): Promise<void> {
  const { out, force } = options
  const format = options.format ?? formats.find((name) => out.endsWith(`.${name}`))
  if (format === undefined)
    throw new UsageError(`say --format ${formats.join('|')}: ${out} does not end in one of them`)
  const half = options.half ?? format === 'html'
  if (half && format === 'onnx') throw new UsageError('--half is for safetensors and html: ONNX is written in f32')
  if (!force && (await exists(out)))
    throw new CommandError('OUT_IN_USE', `${out} is there already: choose another name, or say --force`)
  const { encodeOnnx, fileOf, readModel, writeAtomically, writeWeightsFile } = await loadEngine()
  const saved = await readModel(model, modelHints(options))
  if (format === 'safetensors') await writeWeightsFile(out, fileOf(saved), { half })
  else if (format === 'onnx') await writeAtomically(out, encodeOnnx(saved))
  else {
    const { bundleDemoPage } = await import('../export/demo-bundle.ts')
    const { demoHtml } = await import('../export/demo-html.ts')
    const page = demoHtml(saved, { script: await bundleDemoPage(), half })
    await writeAtomically(out, [new TextEncoder().encode(page)])
  }
  const { size } = await stat(out)
  const { arch, classes } = saved
  io.say(`${arch} with ${classes.length} classes as ${format} in ${out}, ${(size / 2 ** 20).toFixed(1)} MiB`)
  io.document({ model: resolve(model), out: resolve(out), format, arch, classes, half, bytes: size })
}
