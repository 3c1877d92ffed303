/** The peers' packages, 600 MB with every build and platform that they bring: installed beside the workspace when the run first wants them. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const peerVersions = {
  '@tensorflow/tfjs': '4.22.0',
  '@tensorflow/tfjs-backend-webgpu': '4.22.0',
  'onnxruntime-node': '1.30.0',
}

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sporeprint')

/** The folder that has them: in the user's cache, named by their versions, so that new versions are a new folder. */
const folder = join(cache, `bench-peers-${Object.values(peerVersions).join('-')}`)

/** The same where they are installed, else null. */
export const installedPeers = (): string | null => (existsSync(folder) ? folder : null)

/** The same after they have been installed where they were not. */
export function peerPackages(): string {
  if (existsSync(folder)) return folder
  console.error(`installing ${Object.keys(peerVersions).join(', ')} into ${folder}`)
  const fresh = `${folder}.${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    writeFileSync(join(fresh, 'package.json'), JSON.stringify({ private: true, dependencies: peerVersions }))
    // onnxruntime's install script would fetch CUDA's provider; the two that run here are in its package.
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fresh, stdio: 'inherit' })
    renameSync(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return folder
}
