import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Key } from '../src/core/broker/keys.ts'
import { createMachineId } from '../src/core/broker/tokens.ts'
import { openSqlite } from '../src/host/broker/sqlite.ts'
import { sql } from '../src/host/broker/sql.ts'
import { rawPublicKey, sealingKeyOf } from '../src/core/broker/keys.ts'
import { cpuOf } from './measure.ts'

/** The content of a broker's database: machines with one key, and secrets `shop/sN`. */
export interface World {
  readonly machines: number
  readonly secrets: number
  readonly grantsEach: number
  readonly key: Key
  readonly reference: (n: number) => string
}

/** A `locket serve` of its own process, on loopback with TLS. */
export interface ServedBroker {
  readonly port: number
  readonly caFile: string
  /** Seconds of a CPU that the process has used. */
  cpu(): number
  /** MiB of memory at present, and the most so far. */
  memory(): { readonly now: number; readonly most: number }
  stop(): Promise<void>
}

const [, GIVEN] = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const BUILT = GIVEN ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const MAIN = new URL('../src/main.ts', import.meta.url).pathname
/** The program and its first words. Without a build it is the source, which takes longer to start. */
export const PROGRAM: readonly string[] = existsSync(BUILT) ? [BUILT] : [process.execPath, MAIN]

/** Makes the database before the broker starts, and returns the ids of the machines. */
export async function makeDatabase(folder: string, world: World): Promise<readonly string[]> {
  const { machines, secrets, grantsEach, key, reference } = world
  mkdirSync(join(folder, 'broker'), { mode: 0o700, recursive: true })
  await using database = openSqlite(join(folder, 'broker', 'broker.db'))
  const keys = [rawPublicKey(key), rawPublicKey(sealingKeyOf(key))] as const
  const ids = Array.from({ length: machines }, createMachineId)
  const numbers = Array.from({ length: grantsEach }, (_, n) => n)
  await database.run([
    sql("INSERT INTO project VALUES ('shop', 0)"),
    ...Array.from({ length: secrets }, (_, n) =>
      sql("INSERT INTO secret VALUES ('shop', $1, $2, 0)", `s${n}`, reference(n)),
    ),
    ...ids.map((id) =>
      sql(
        `INSERT INTO machine (id, name, state, signing_key, sealing_key, cidrs, created_at)
        VALUES ($1, $2, 'enabled', $3, $4, '[]', 0)`,
        id,
        id.slice(2),
        ...keys,
      ),
    ),
    ...ids.flatMap((id, at) =>
      numbers.map((n) => sql("INSERT INTO grants VALUES ($1, 'shop', $2, 0)", id, secretOf(world, at, n))),
    ),
  ])
  return ids
}

/** The name of the secret that a machine reads as its nth one. */
export function secretOf({ secrets, grantsEach }: World, machine: number, n: number): string {
  return `s${(machine * grantsEach + n) % secrets}`
}

/** Starts the broker. It may not listen yet. */
export function serve(folder: string, port: number, env: Readonly<Record<string, string>>): ServedBroker {
  const own = join(folder, 'broker')
  const [program = '', ...words] = PROGRAM
  const flags = ['--broker-dir', own, '--listen', `127.0.0.1:${port}`, '--server-name', '127.0.0.1']
  const child = spawn(program, [...words, 'serve', ...flags, '--dashboard-listen', 'off'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', LOCKET_LOG_LEVEL: 'warn', ...env },
  })
  const read = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'utf8')
  return {
    port,
    caFile: join(own, 'authority.pem'),
    cpu: () => cpuOf(child.pid),
    memory() {
      const of = (name: string) =>
        Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(read('status'))?.[1]) / 1024
      return { now: of('VmRSS'), most: of('VmHWM') }
    },
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([ended, sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
}
