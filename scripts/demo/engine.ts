import { join } from 'node:path'
import { command } from '../engine/command.ts'
import { run } from '../build/packages.ts'

export interface DemoEngine extends AsyncDisposable {
  readonly description: string
  readonly env: NodeJS.ProcessEnv
  /** The root folder of the engine's machine, as this process sees it. */
  readonly hostRoot: string
}

/**
 * The engine that answers; where none does, a private one that disturbs nothing. Says what it installs for
 * that.
 */
export async function openDemoEngine(root: string): Promise<DemoEngine> {
  const answer = await command('docker', ['version', '--format', '{{.Server.Version}}'], {
    timeoutMs: 10_000,
  }).catch(() => undefined)
  const isRunning = answer?.code === 0 && answer.stdout.trim() !== ''
  const packages = isRunning
    ? ['busybox-static:busybox']
    : ['docker.io:dockerd', 'iproute2:ip', 'busybox-static:busybox']
  run(join(root, 'scripts/debian-packages.sh'), packages)
  if (isRunning) {
    return {
      description: `Docker Engine ${answer.stdout.trim()} answers; only what this demo makes is touched`,
      env: process.env,
      hostRoot: '',
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
  const { startEngine } = await import('../engine/engine.ts')
  const engine = await startEngine({ version: 'bookworm' })
  return {
    description: `none answers: a private Docker Engine ${engine.version}, in namespaces of its own`,
    env: engine.env,
    hostRoot: engine.sandbox.root,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
