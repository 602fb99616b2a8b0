import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, succeed } from '../engine/command.ts'
import { EXEC, storeIn } from './samples.ts'

/**
 * Runs the commands that are started often, so that V8's compiled code of what they run is in the folder that
 * ships.
 */
export async function warmCompileCache(locket: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'locket-build-'))
  const made = ['bin/warm', 'lib/warm.cjs'].map((path) => join(locket, path))
  const { flags: store, value } = storeIn(scratch)
  try {
    writeFileSync(join(locket, 'bin/warm'), warming(readFileSync(join(locket, 'bin/locket'), 'utf8')))
    chmodSync(join(locket, 'bin/warm'), 0o755)
    copyFileSync(join(import.meta.dirname, 'warm.cjs'), join(locket, 'lib/warm.cjs'))
    mkdirSync(join(locket, 'lib/cache'))
    const start = await startInPlace(locket)
    const [program = '', ...before] = start
    const run = (args: readonly string[]): Promise<string> => succeed(program, [...before, ...args])
    await succeed(join(locket, 'bin/locket'), ['secret', 'set', 'a', '--file', value, ...store])
    await run([...EXEC, ...store, '--', '/bin/true'])
    await run([...EXEC, '--no-exec', ...store, '--', '/bin/true'])
    await run(['--version'])
    await run(['secret', '--help'])
    await run(['secret', 'list', ...store])
    await run(['check', '--offline', '--secret', 'a=b', ...store])
    // It answers 1: nothing is in place here.
    await command(program, [...before, 'healthcheck'])
    await run(['inject', '--secret', 'a=b', '--out', join(scratch, 'out')])
    await runDaemon(start, scratch)
  } finally {
    for (const path of [...made, scratch]) rmSync(path, { recursive: true, force: true })
  }
}

/**
 * The words that start the program. V8 writes the path of a file into its cache, so that is the same in every
 * build: the folder is mounted at PLACE, for this process alone. Where that may not be, each folder gets a
 * cache of its own.
 */
async function startInPlace(locket: string): Promise<readonly string[]> {
  const own = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const script = `mount --bind "$1" ${PLACE} && shift && exec "$@"`
  const words = ['unshare', '--mount', ...own, 'sh', '-c', script, 'sh', locket, `${PLACE}/bin/warm`]
  const { code } = await command('unshare', [...words.slice(1, -1), 'true'])
  if (code === 0) return words
  process.stderr.write('no mounts here: this build has another checksum than one in another folder\n')
  return [join(locket, 'bin/warm')]
}

const PLACE = '/media'

/**
 * The launcher with `warm.cjs`, and with the same numbers in every build: V8 seeds the hashes of its strings
 * by chance, and writes them into the cache. This flag is not among those that a process must have in common
 * with the cache.
 */
function warming(launcher: string): string {
  const text = launcher
    .replace('/node" --disable-sigusr1 ', '/node" --disable-sigusr1 --random-seed=1 ')
    .replace('/lib/start-as.cjs', '/lib/warm.cjs')
  if (text.length !== launcher.length + ' --random-seed=1'.length - 'start-as'.length + 'warm'.length)
    throw new Error('the launcher starts Node in another way now')
  return text
}

/** The daemon's last event before it waits. */
const VIEW = 'INFO daemon.view'

/** It is not asked anything: what it does then depends on the time at which a question comes. */
async function runDaemon([program = '', ...before]: readonly string[], scratch: string): Promise<void> {
  const socket = join(scratch, 'locket.sock')
  const folders = ['--state-dir', join(scratch, 'state'), '--runtime-dir', join(scratch, 'run')]
  const args = [...before, 'volume', '--socket', socket, ...folders]
  const daemon = spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe'] })
  const ended = once(daemon, 'exit')
  let log = ''
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    const isNew = !log.includes(VIEW)
    log += text
    // A second signal would end it at once.
    if (isNew && log.includes(VIEW)) daemon.kill('SIGTERM')
  })
  const [code] = await ended
  if (code !== 0) throw new Error(`locket volume ended with ${code}: ${log}`)
}
