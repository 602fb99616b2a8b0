import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Worker } from '../../core/ports/process.ts'
import { loadLibc } from '../libc.ts'

/** The variables that a worker needs to reach servers as this process does. */
const PASSED = [
  'ALL_PROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'REQUEST_METHOD',
  'all_proxy',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_USE_ENV_PROXY',
  'NODE_EXTRA_CA_CERTS',
]

/**
 * Variable with a second file of certificates: Node takes one from the environment, and the operator may have
 * set that one.
 */
const CA_CERT = 'LOCKET_CA_CERT'

/** Starts `program`, a module that calls `serveWorker`. `args` are visible to everybody on the machine. */
export function startWorkerProcess(
  program: URL,
  args: readonly string[],
  options: { readonly caCert?: string | undefined } = {},
): Worker {
  const env = Object.fromEntries(
    PASSED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  if (options.caCert !== undefined) env[CA_CERT] = options.caCert
  const child = fork(fileURLToPath(program), [...args], {
    cwd: '/',
    env,
    // SIGUSR1 would open a debugger.
    execArgv: ['--disable-sigusr1'],
    serialization: 'advanced',
    // The output of a library may hold a secret.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    // Without a process ID the program could not be started. A later error concerns a message or a signal
    // that did not arrive: then `exit` follows.
    child.on('error', () => {
      if (child.pid === undefined) resolve()
    })
  })
  return {
    send(message) {
      if (child.connected) child.send(message as object, ignore)
    },
    onMessage: (listener) => void child.on('message', listener),
    ended,
    kill: () => void child.kill('SIGKILL'),
  }
}

/**
 * Serves a worker process: calls `onMessage` for each message of the parent, and ends when the parent is
 * gone.
 */
export async function serveWorker(
  onMessage: (message: unknown, reply: (message: unknown) => void) => void,
): Promise<void> {
  process.once('disconnect', () => process.exit(0))
  await dieWithParent()
  await trustOwnAuthority(process.env[CA_CERT])
  process.on('message', (message) => onMessage(message, (answer) => void process.send?.(answer)))
}

async function trustOwnAuthority(caCert: string | undefined): Promise<void> {
  if (caCert === undefined) return
  // Imported at the start, node:tls would cost every program that can start a worker 5 ms.
  const { getCACertificates, setDefaultCACertificates } = await import('node:tls')
  setDefaultCACertificates([...getCACertificates('default'), await readFile(caCert, 'utf8')])
}

/**
 * Lets the kernel end this process with its parent. A worker that never returns from its work does not notice
 * that the parent is gone.
 */
async function dieWithParent(): Promise<void> {
  try {
    const libc = await loadLibc()
    libc.dieWithParent()
  } catch {
    // Without koffi's native part the rest still works.
  }
}

/** Ignores a message that does not arrive: the worker has ended, and `ended` reports that. */
function ignore(): void {}
