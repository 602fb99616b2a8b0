import { mkdir, readFile, writeFile } from 'node:fs/promises'

import type { Engine } from './engine.ts'
import { LOCKET, onHost } from './locket.ts'
import type { Inmate } from './sandbox.ts'
import { until } from './until.ts'

/**
 * A host of its own beside the engine's host: a network namespace with nothing but its loopback and one end
 * of a pair of virtual interfaces. `locket serve` runs there, with the `local` provider.
 */
export interface BrokerHost {
  /** The address by which the engine's host reaches the broker. */
  readonly url: string
  /** The folder of its configuration, store and state. */
  readonly folder: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Runs a command of an operator there, such as `machine list`. It must succeed: its output, trimmed. */
  admin(...args: readonly string[]): Promise<string>
  /** Stores a value in its `local` provider. */
  put(path: string, value: string): Promise<void>
  /** Everything that `locket serve` has written. */
  log(): Promise<string>
}

const NAME = 'broker'
const FOLDER = '/run/e2e/broker'
const [ITS_ADDRESS, OUR_ADDRESS] = ['10.77.0.1', '10.77.0.2']

const NETWORK = `
set -e
ip netns add ${NAME}
ip link add to-broker type veth peer name to-hosts netns ${NAME}
ip address add ${OUR_ADDRESS}/24 dev to-broker
ip link set to-broker up
ip -n ${NAME} address add ${ITS_ADDRESS}/24 dev to-hosts
ip -n ${NAME} link set to-hosts up
ip -n ${NAME} link set lo up
`

const TOML = `
[serve]
broker-dir = "${FOLDER}/state"
server-name = ["${ITS_ADDRESS}"]
broker-refresh = "2s"
local-file = "${FOLDER}/secrets.age"
local-key = "${FOLDER}/local.key"
`

/** Makes the host in the sandbox of the engine. The broker is not started. */
export async function makeBrokerHost(engine: Engine): Promise<BrokerHost> {
  const { sandbox } = engine
  const made = await sandbox.exec('sh', ['-c', NETWORK])
  if (made.code !== 0) throw new Error(made.stderr)
  await mkdir(onHost(engine, FOLDER), { recursive: true, mode: 0o700 })
  await writeFile(`${onHost(engine, FOLDER)}/locket.toml`, TOML, { mode: 0o600 })
  const [log, config] = [`${onHost(engine, FOLDER)}/serve.log`, `${FOLDER}/locket.toml`]
  const inside = ['netns', 'exec', NAME, LOCKET]
  let running: Inmate | undefined

  const ok = async (args: readonly string[], input?: string): Promise<string> => {
    const ran = await sandbox.exec('ip', [...inside, ...args], input === undefined ? {} : { input })
    if (ran.code !== 0) throw new Error(`locket ${args.join(' ')}: exit ${ran.code}: ${ran.stderr}`)
    return ran.stdout.trim()
  }
  const said = async (): Promise<string> => await readFile(log, 'utf8').catch(() => '')
  return {
    url: `https://${ITS_ADDRESS}:7468`,
    folder: FOLDER,
    admin: (...args) => ok([...args, '--config', config]),
    async start() {
      const before = (await said()).length
      running = await sandbox.spawn('ip', [...inside, 'serve', '--config', config], { log })
      await until('the broker listens', async () => {
        const text = (await said()).slice(before)
        if (running?.isAlive() !== true) throw new Error(`the broker has ended: ${text}`)
        return text.includes('serving machines')
      })
    },
    async stop() {
      await running?.kill('SIGTERM')
    },
    async put(path, value) {
      const where = ['--local-file', `${FOLDER}/secrets.age`, '--local-key', `${FOLDER}/local.key`]
      await ok(['secret', 'set', path, '--stdin', ...where], value)
    },
    log: said,
  }
}
