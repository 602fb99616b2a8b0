import { IMAGE } from './engine.ts'
import type { Engine } from './engine.ts'
import { until } from './until.ts'

/** Makes the engine the one manager of a Swarm, on the loopback of its sandbox. */
export async function startSwarm(engine: Engine): Promise<void> {
  await engine.ok(['swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377'])
}

/** `docker secret create -d locket`, with labels. */
export async function createSecret(
  engine: Engine,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const words = Object.entries(labels).flatMap(([key, value]) => ['-l', `${key}=${value}`])
  await engine.ok(['secret', 'create', '-d', 'locket', ...words, name])
}

/** Shell words of a service that shows its secrets once and runs on. */
const SHOW =
  'for f in /run/secrets/*; do echo "$f=$(head -c 200 $f)"; done; trap exit TERM; sleep 100000 & wait'

/** Makes a service that prints its secrets into its log. It does not wait for its tasks. */
export async function createService(
  engine: Engine,
  name: string,
  secrets: readonly string[],
  more: readonly string[] = [],
): Promise<void> {
  const words = secrets.flatMap((secret) => ['--secret', secret])
  await engine.ok([
    'service',
    'create',
    '-d',
    '--no-resolve-image',
    '--restart-delay',
    '1s',
    '--name',
    name,
    ...words,
    ...more,
    IMAGE,
    'sh',
    '-c',
    SHOW,
  ])
}

/** The state and the error of each task of a service, the newest first: `Running|`, `Failed|…`. */
export async function tasksOf(engine: Engine, service: string): Promise<string[]> {
  const format = '{{.CurrentState}}|{{.Error}}'
  const text = await engine.ok(['service', 'ps', '--no-trunc', '--format', format, service])
  return text.split('\n').filter((line) => line !== '')
}

/** Waits until so many tasks of the service run. */
export async function untilRunning(engine: Engine, service: string, count = 1): Promise<void> {
  await until(
    `${count} tasks of ${service} run`,
    async () =>
      (await tasksOf(engine, service)).filter((task) => task.startsWith('Running')).length === count,
    { timeoutMs: 90_000 },
  )
}

/** The first line that a service printed about a secret: `VALUE` of `/run/secrets/NAME=VALUE`. */
export async function shownBy(engine: Engine, service: string, secret: string): Promise<string> {
  return await until(
    `${service} shows ${secret}`,
    async () => {
      const lines = (await engine.ok(['service', 'logs', '--raw', service])).split('\n')
      return lines
        .findLast((line) => line.startsWith(`/run/secrets/${secret}=`))
        ?.split('=')
        .slice(1)
        .join('=')
    },
    { timeoutMs: 60_000 },
  )
}

/** Removes services, and waits until their containers are gone. */
export async function removeServices(engine: Engine, ...services: readonly string[]): Promise<void> {
  await engine.ok(['service', 'rm', ...services])
  await until('no container is left', async () => (await engine.ok(['ps', '-aq'])) === '', {
    timeoutMs: 60_000,
  })
}
