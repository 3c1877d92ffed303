/** What a run was asked to do, and what it found when it started. */
import type { ReactElement } from 'react'
import { formatArch, formatBytes, formatCount, formatCountOf, formatRate } from '../core/format.ts'
import type { RunDetails } from '../core/run-store.ts'
import { Facts } from './facts.tsx'
import { Panel } from './parts.tsx'

export function ConfigPanel({ config }: { config: RunDetails['config'] }): ReactElement {
  return (
    <Panel title="Configuration" testId="config">
      <Facts
        facts={[
          ['Network', formatArch(config.arch)],
          ['Weights', config.weights ?? 'from scratch'],
          ['Head', config.head],
          ['Image size', [...config.progressive.map(describeStage), `${config.size} px`].join(', then ')],
          ['Batch', config.batch],
          ['Epochs', config.freezeEpochs > 0 ? `${config.freezeEpochs} frozen + ${config.epochs}` : config.epochs],
          ...(config.freezeEpochs > 0 ? [['Frozen batch norms', config.bodyNorm] as const] : []),
          ['Optimiser', `${config.optimizer}, momentum ${config.momentum}`],
          ['Batches to an update', config.accumulate],
          ['Greatest gradient norm', config.clipNorm ?? 'any'],
          ['Averaging of weights', config.emaDecay ?? 'none'],
          ['Base learning rate', formatRate(config.baseLr)],
          ['Rate divisor of the body', config.lrMult],
          ['Schedule', `${config.schedule.replaceAll('_', ' ')}, from ${config.pctStart}`],
          ['Weight decay', config.weightDecay],
          ['Label smoothing', config.labelSmoothing],
          ['Class weights', config.classWeights],
          ['Augmentation', config.augmentation.preset ?? 'numbers of its own'],
          ['MixUp, CutMix', `${config.mixup || 'none'}, ${config.cutmix || 'none'}`],
          ['Monitored', config.monitor],
          ['Patience', config.patience ?? 'none'],
          [
            'Held out',
            config.folds === null
              ? `${Math.round(config.valid * 100)}%`
              : `fold ${config.fold} of ${config.folds}, counted from 0`,
          ],
          ['Sampling', config.sampling],
          ['Seed', config.seed],
        ]}
      />
    </Panel>
  )
}

const describeStage = ({ size, epochs }: RunDetails['config']['progressive'][number]): string =>
  `${size} px for ${formatCountOf(epochs, 'epoch')}`

export function SetupPanel({ setup }: { setup: RunDetails['setup'] }): ReactElement | null {
  if (!setup) return null
  const { adapter, images, skipped } = setup
  return (
    <Panel title="Data and device" testId="setup">
      <Facts
        facts={[
          ['Adapter', adapter.software ? `${adapter.name} (software)` : adapter.name],
          ['Parameters', formatCount(setup.parameters)],
          ['GPU memory', formatBytes(setup.peakBytes)],
          ['Training images', formatCount(images.train)],
          ['Validation images', formatCount(images.valid)],
          ['Test images', formatCount(images.test)],
          ['Files skipped', formatCount(skipped.length)],
        ]}
      />
      {skipped.length > 0 && (
        <details className="skipped">
          <summary>Files that could not be read</summary>
          <ul>
            {skipped.map((file) => (
              <li key={file.path}>
                <strong>{file.path}</strong> {file.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  )
}
