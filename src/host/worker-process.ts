import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Worker } from '../core/ports.ts'

/** What a worker needs of the environment to reach servers as this process does. */
const PASSED = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
]

/** Starts `program`, a module that calls `serveWorker`, with `args` to be seen by everybody on the machine. */
export function startWorkerProcess(
  program: URL,
  args: readonly string[],
  options: { readonly caCert?: string | undefined } = {},
): Worker {
  const env = Object.fromEntries(
    PASSED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  if (options.caCert !== undefined) env['NODE_EXTRA_CA_CERTS'] = options.caCert
  const child = fork(fileURLToPath(program), [...args], {
    cwd: '/',
    env,
    execArgv: [],
    serialization: 'advanced',
    // What a library prints may hold a secret.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
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

/** The other side: answers what its parent sends, and ends when the parent is gone. */
export function serveWorker(onMessage: (message: unknown, reply: (message: unknown) => void) => void): void {
  process.once('disconnect', () => process.exit(0))
  process.on('message', (message) => onMessage(message, (answer) => void process.send?.(answer)))
}

/** A message that does not arrive is a worker that has ended, which `ended` tells. */
function ignore(): void {}
