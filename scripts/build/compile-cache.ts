import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, globSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, succeed } from '../engine/command.ts'

/**
 * Runs the commands that are started often, so that V8's compiled code of them is in the folder that ships.
 * Node writes the code of a file once, when the first process that has loaded it ends, with the functions
 * that have run by then. So `exec` comes first, with the flags of an ordinary user.
 */
export async function warmCompileCache(locket: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'locket-build-'))
  const program = join(locket, 'bin/locket')
  const store = ['--local-file', join(scratch, 'secrets.age'), '--local-key', join(scratch, 'key')]
  const value = join(scratch, 'value')
  try {
    writeFileSync(value, 'value')
    await succeed(program, ['secret', 'set', 'a', '--file', value, ...store], { env: WITHOUT_CACHE })
    await command(program, [...EXEC, ...store, '--', noProgram(scratch)])
    await succeed(program, [...EXEC, '--no-exec', ...store, '--', '/bin/true'])
    await succeed(program, ['--version'])
    await succeed(program, ['secret', '--help'])
    await succeed(program, ['secret', 'list', ...store])
    await succeed(program, ['check', '--offline', '--secret', 'a=b', ...store])
    // It answers 1: nothing is in place here.
    await command(program, ['healthcheck'])
    await succeed(program, ['inject', '--secret', 'a=b', '--out', join(scratch, 'out')])
    await runDaemon(program, scratch)
    letAllRead(join(locket, 'lib/cache'))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const WITHOUT_CACHE = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
const EXEC = ['exec', '-e', 'A={{ local://a }}']

/** A process that is replaced by its command writes no cache. The kernel refuses this command at the end. */
function noProgram(folder: string): string {
  const path = join(folder, 'no-program')
  writeFileSync(path, '#!/no/interpreter\n', { mode: 0o755 })
  return path
}

/** Node writes it for its own user alone, and the sidecar's image has another. */
function letAllRead(cache: string): void {
  for (const name of globSync('**', { cwd: cache })) {
    const path = join(cache, name)
    chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644)
  }
}

async function runDaemon(program: string, scratch: string): Promise<void> {
  const socket = join(scratch, 'locket.sock')
  const folders = ['--state-dir', join(scratch, 'state'), '--runtime-dir', join(scratch, 'run')]
  const args = ['volume', '--log-level', 'error', '--socket', socket, ...folders]
  const daemon = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(daemon, 'exit')
  for (let tries = 0; tries < 200 && daemon.exitCode === null && !(await answers(socket)); tries++)
    await sleep(50)
  daemon.kill('SIGTERM')
  const [code] = await ended
  if (code !== 0) throw new Error(`locket volume ended with ${code}`)
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket, () => done(true))
    connection.on('connect', () => connection.destroy()).on('error', () => done(false))
  })
}
