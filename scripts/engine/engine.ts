import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'

import { command } from './command.ts'
import type { CommandOptions, Ran } from './command.ts'
import { enginePath, wantedEngine } from './debian.ts'
import type { EngineVersion } from './debian.ts'
import { busyboxTar } from './image.ts'
import { openSandbox } from './sandbox.ts'
import type { Inmate, Sandbox } from './sandbox.ts'
import { until } from './until.ts'

export interface EngineOptions {
  /** Default: LOCKET_E2E_ENGINE, otherwise bookworm. */
  readonly version?: EngineVersion
  readonly liveRestore?: boolean
}

/** A private Docker Engine. All its files are on a tmpfs of its sandbox and are removed with it. */
export interface Engine extends AsyncDisposable {
  /** As the server names it: `20.10.24+dfsg1`. */
  readonly version: string
  readonly sandbox: Sandbox
  /** Environment in which docker and compose talk to this engine. */
  readonly env: NodeJS.ProcessEnv
  /** `docker ARGS…`, whatever comes of it. */
  docker(args: readonly string[], options?: CommandOptions): Promise<Ran>
  /** `docker ARGS…` that must succeed: its output, trimmed. */
  ok(args: readonly string[], options?: CommandOptions): Promise<string>
  /** Runs `docker ARGS…`, which must fail, and returns its standard error. */
  fails(args: readonly string[], options?: CommandOptions): Promise<string>
  /**
   * Runs `docker cp` inside the sandbox, because the command cannot follow paths of the sandbox from outside.
   */
  copy(from: string, to: string): Promise<void>
  /** Ends dockerd and waits for it. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /**
   * Does what a power failure does: removes all processes, mounts of plugins and containers, and runtime
   * files.
   */
  crash(): Promise<void>
  /** Starts dockerd and waits until it answers. */
  start(): Promise<void>
  /** Everything dockerd has written. */
  logs(): Promise<string>
}

/** The image in every engine: busybox alone. */
export const IMAGE = 'bb'

export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const start = performance.now()
  const path = await enginePath(options.version ?? wantedEngine())
  const sandbox = await openSandbox()
  try {
    const engine = await engineIn(sandbox, path, options)
    await engine.ok(['import', '--change', 'ENV PATH=/bin', await busyboxTar(), IMAGE])
    process.once('exit', () => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      process.stdout.write(`${basename(process.argv[1] ?? '')}: ${seconds} s on engine ${engine.version}\n`)
    })
    return engine
  } catch (error) {
    await sandbox[Symbol.asyncDispose]()
    throw error
  }
}

async function engineIn(sandbox: Sandbox, path: string, options: EngineOptions): Promise<Engine> {
  const inside = '/run/e2e'
  const outside = `${sandbox.root}${inside}`
  const log = `${outside}/dockerd.log`
  await mkdir(`${outside}/cli`)
  await writeFile(`${outside}/daemon.json`, JSON.stringify({ 'live-restore': options.liveRestore === true }))
  const env = {
    PATH: path,
    HOME: `${outside}/cli`,
    DOCKER_CONFIG: `${outside}/cli`,
    DOCKER_HOST: `unix://${outside}/docker.sock`,
  }
  let daemon: Inmate | undefined
  let version = ''

  const docker: Engine['docker'] = (args, more) => command('docker', args, { env, ...more })
  const ok: Engine['ok'] = async (args, more) => {
    const ran = await docker(args, more)
    if (ran.code !== 0)
      throw new Error(`docker ${args.join(' ')}: exit ${ran.code}: ${ran.stderr || ran.stdout}`)
    return ran.stdout.trim()
  }
  const start: Engine['start'] = async () => {
    if (daemon?.isAlive() === true) throw new Error('dockerd runs already')
    const args = ['--config-file', `${inside}/daemon.json`, '--data-root', `${inside}/data`]
    args.push(
      '-H',
      `unix://${inside}/docker.sock`,
      '--cgroup-parent',
      `/${sandbox.tag}`,
      '--storage-driver',
      'overlay2',
    )
    daemon = await sandbox.spawn('dockerd', args, { log, env: { PATH: path, HOME: '/root' } })
    version = await until(
      'dockerd answers',
      async () => {
        if (daemon?.isAlive() !== true)
          throw new Error(`dockerd ended: ${(await readFile(log, 'utf8')).slice(-2000)}`)
        if (!existsSync(`${outside}/docker.sock`)) return undefined
        return await ok(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 10_000 })
      },
      { timeoutMs: 90_000 },
    )
  }
  await start()

  return {
    get version() {
      return version
    },
    sandbox,
    env,
    docker,
    ok,
    start,
    async fails(args, more) {
      const ran = await docker(args, more)
      if (ran.code === 0) throw new Error(`docker ${args.join(' ')} succeeded: ${ran.stdout}`)
      return ran.stderr
    },
    async copy(from, to) {
      const ran = await sandbox.exec('docker', ['cp', from, to], {
        env: { ...env, DOCKER_HOST: `unix://${inside}/docker.sock`, DOCKER_CONFIG: `${inside}/cli` },
      })
      if (ran.code !== 0) throw new Error(`docker cp ${from} ${to}: ${ran.stderr}`)
    },
    async kill(signal) {
      await daemon?.kill(signal)
    },
    async crash() {
      await daemon?.kill('SIGKILL')
      await sandbox.crash(`${inside}/data`)
      await sandbox.exec('rm', [
        '-rf',
        '/run/docker',
        '/run/docker.pid',
        '/run/containerd',
        `${inside}/docker.sock`,
      ])
    },
    logs: () => readFile(log, 'utf8'),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  }
}
