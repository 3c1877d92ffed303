/** How `bench` tells people what it has measured. */
import type {
  ConvolutionTime,
  ExplainBench,
  InferenceBench,
  InferenceTime,
  KernelBench,
  KernelTime,
  TrainingBench,
  Trial,
  TuneBench,
  TunedPass,
} from '@sporeprint/engine/node'
import { type Columns, table } from '../cli/table.ts'

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

const kernelColumns: Columns<KernelTime> = [
  ['Kernel', ({ name }) => name],
  ['Dispatches', ({ count }) => String(count)],
  ['ms', ({ ms }) => ms.toFixed(2)],
  ['GFLOP/s', ({ gflops }) => gflops.toFixed(1)],
  ['GB/s', ({ gbps }) => gbps.toFixed(1)],
  ['Share', ({ share }) => percent(share)],
]

export function trainingLines(bench: TrainingBench): string[] {
  const { stepMs } = bench
  return [
    `${bench.adapter.name}: ${bench.arch}, ${bench.size} px, batch ${bench.batch}, ${bench.precision}, ${bench.steps} steps`,
    `${bench.imagesPerSecond.toFixed(bench.imagesPerSecond < 10 ? 2 : 1)} images/s; a step takes ${stepMs.median.toFixed(1)} ms (${stepMs.min.toFixed(1)} to ` +
      `${stepMs.max.toFixed(1)}), ${bench.jsMs.toFixed(1)} ms of it JavaScript, in ${bench.dispatches} dispatches`,
    `${bench.gflops.toFixed(1)} GFLOP/s, ${percent(bench.shareOfPeak)} of the peak of ${bench.peakGflops.toFixed(1)}`,
    `${mebibytes(bench.peakBytes)} MiB on the device; ${bench.pipelines} pipelines compiled in ${(bench.compileMs / 1000).toFixed(1)} s`,
    bench.kernels
      ? table(kernelColumns, bench.kernels, 1)
      : `${bench.adapter.name} has no timestamp-query: time by kernel cannot be measured`,
  ]
}

/** The notebook's columns, and what it left out. */
const inferenceColumns = (device: string): Columns<InferenceTime> => [
  ['Device', () => device],
  ['Sample Size', ({ images }) => String(images)],
  ['Total Time (s)', ({ totalSeconds }) => totalSeconds.toFixed(6)],
  ['Inference Time (s)', ({ inferenceSeconds }) => inferenceSeconds.toFixed(6)],
  ['Peak Memory Usage (MB)', ({ peakBytes }) => mebibytes(peakBytes)],
  ['Per Image (ms)', ({ perImageMs }) => perImageMs.toFixed(2)],
  ['Loading (s)', ({ compileMs }) => (compileMs / 1000).toFixed(3)],
  ['Warm-Up (s)', ({ warmUpMs }) => (warmUpMs / 1000).toFixed(3)],
  ['Process Peak (MB)', ({ processPeakBytes }) => mebibytes(processPeakBytes)],
]

export function inferenceLines({ adapter, arch, size, samples }: InferenceBench): string[] {
  const capped = samples.filter((sample) => sample.capped !== null)
  return [
    `${arch}, ${size} px${adapter.software ? ', on a software adapter' : ''}`,
    table(inferenceColumns(adapter.name), samples, 1),
    ...capped.map(({ images, batch, capped }) => `${images} images go in batches of ${batch}: ${capped}`),
  ]
}

const convolutionColumns: Columns<ConvolutionTime> = [
  ['Pass', ({ pass }) => pass],
  ['Layer', ({ layer }) => layer],
  ['Variant', ({ variant }) => variant],
  ['Tensors', ({ tensors }) => tensors.map((shape) => shape.join('×')).join(' ')],
  ['In a step', ({ count }) => String(count)],
  ['ms', ({ ms }) => ms.median.toFixed(3)],
  ['GFLOP/s', ({ gflops }) => gflops.toFixed(1)],
  ['Of peak', ({ shareOfPeak }) => percent(shareOfPeak)],
  ['MB', ({ bytes }) => (bytes / 1e6).toFixed(2)],
  ['GB/s', ({ gbps }) => gbps.toFixed(1)],
  ['Workgroup bytes', ({ workgroupBytes }) => String(workgroupBytes)],
]

export function convolutionLines(bench: KernelBench): string[] {
  return [
    `${bench.adapter.name}: ${bench.arch}, ${bench.size} px, batch ${bench.batch}; peak ${bench.peakGflops.toFixed(1)} GFLOP/s`,
    table(convolutionColumns, bench.convolutions, 4),
  ]
}

const problemText = ({ problem: { n, h, w, ci, co, kernel, stride } }: TunedPass): string =>
  `${n}×${h}×${w}×${ci} → ${co}, ${kernel}×${kernel}${stride > 1 ? `, stride ${stride}` : ''}`

const timeText = ({ ms }: Trial): string => (ms ?? Number.NaN).toFixed(3)

const tunedColumns: Columns<TunedPass> = [
  ['Pass', ({ pass }) => pass],
  ['Layer', ({ layer }) => layer],
  ['Problem', problemText],
  ['Heuristic', ({ heuristic }) => heuristic.name],
  ['Chosen', ({ heuristic, chosen }) => (chosen === heuristic ? 'the same' : chosen.name)],
  ['In a step', ({ count }) => String(count)],
  ['Heuristic ms', ({ heuristic }) => timeText(heuristic)],
  ['Chosen ms', ({ chosen }) => timeText(chosen)],
  ['Faster by', ({ heuristic, chosen }) => percent((heuristic.ms ?? 0) / (chosen.ms ?? 1) - 1)],
]

export function tuneLines({ adapter, arch, size, batch, heuristicMs, chosenMs, passes }: TuneBench): string[] {
  const setting = `${adapter.name}: ${arch}, ${size} px, batch ${batch}`
  if (passes.length === 0) return [`${setting}: no convolution has more than one variant here`]
  const rejected = passes.flatMap(({ pass, layer, trials }) =>
    trials.flatMap(({ name, rejected }) => (rejected === null ? [] : [`${pass} of ${layer} by ${name}: ${rejected}`])),
  )
  return [
    `${setting}; convolutions of a step ${heuristicMs.toFixed(1)} ms by the heuristic, ${chosenMs.toFixed(1)} ms as chosen`,
    table(tunedColumns, passes, 5),
    ...rejected.map((line) => `Never chosen: ${line}`),
  ]
}

export function explanationLines(bench: ExplainBench): string[] {
  const { arch, size, samples, superpixels, maskShare } = bench
  const masking = maskShare === null ? 'not known, as the device has no timestamp-query' : percent(maskShare)
  const uploaded = `${(bench.uploadedBytes / 1024).toFixed(0)} KiB`
  return [
    `LIME, ${samples} samples, ${arch} at ${size} px, ${superpixels} superpixels, batch ${bench.batch}, on ${bench.adapter.name}`,
    `${bench.seconds.toFixed(2)} s: superpixels ${bench.segmentSeconds.toFixed(2)}, model ${bench.classifySeconds.toFixed(2)}, fit ${bench.fitSeconds.toFixed(2)}`,
    `${bench.samplesPerSecond.toFixed(1)} samples/s; masking ${masking} of the device's time`,
    `${uploaded} written to the device, where pictures would be ${mebibytes(bench.pictureBytes)} MiB of bytes; ${mebibytes(bench.peakBytes)} MiB planned there`,
  ]
}
