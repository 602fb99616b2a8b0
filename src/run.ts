import type { CommandContext } from './cli/define.ts'
import { COMMANDS, type CommandEntry } from './cli/index.ts'
import { ERROR_KINDS, formatError, LocketError, toLocketError } from './core/errors.ts'
import { nearest } from './core/nearest.ts'
import { VERSION } from './core/version.ts'

type Env = CommandContext['env']

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']

/** One command line, from its words to its exit code. Loads what the command needs and no other. */
export async function run(argv: readonly string[], env: Env): Promise<number> {
  process.once('uncaughtException', (thrown) => process.exit(fail(thrown)))
  try {
    return await dispatch(argv, env)
  } catch (thrown) {
    return fail(thrown)
  }
}

async function dispatch(argv: readonly string[], env: Env): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version' || name === '-V') return print(`locket ${VERSION}\n`)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return showHelp(name, rest)
  const entry = findCommand(name)
  if (asksForHelp(rest)) return showHelp('help', [entry.name])
  await obeyProxies(env)
  const { command } = await entry.load()
  const isRoot = process.getuid?.() === 0
  return command.run({
    argv: rest,
    env,
    cwd: process.cwd(),
    isRoot,
    signal: stopSignal(),
    // When they are asked for: what opens standard input begins to read it, and a child may want it.
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return standardOutput()
    },
    get stderr() {
      return process.stderr
    },
  })
}

function findCommand(name: string): CommandEntry {
  const entry = COMMANDS.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry
  const names = COMMANDS.map((candidate) => candidate.name)
  const near = nearest(name, names)
  const what = name.startsWith('-') ? 'flag' : 'command'
  throw new LocketError('usage', `there is no ${what} ${JSON.stringify(name.slice(0, 80))}`, {
    hint: near === undefined ? '`locket --help` lists the commands' : `did you mean ${near}?`,
  })
}

async function showHelp(asked: string | undefined, [name]: readonly string[]): Promise<number> {
  const help = await import('./cli/help.ts')
  const text =
    name === undefined || asked !== 'help' ? help.overview(COMMANDS) : help.commandPage(findCommand(name))
  if (asked !== undefined) return print(text)
  process.stderr.write(text)
  return ERROR_KINDS.usage.exit
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).some((word) => word === '--help' || word === '-h')
}

/** `fetch` obeys these variables only when it is asked to, and starts faster when it is not. */
async function obeyProxies(env: Env): Promise<void> {
  if (PROXY_VARIABLES.every((variable) => (env[variable] ?? '') === '')) return
  const http = await import('node:http')
  // Older releases of Node 24 take NODE_USE_ENV_PROXY instead.
  if ('setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv()
}

/** Aborted by the first SIGINT or SIGTERM. The second one ends the process as if nobody had listened. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new LocketError('aborted', `stopped by ${name}`)))
  }
  return stop.signal
}

/** The line that a person reads, and the exit code that a script reads. */
function fail(thrown: unknown): number {
  const error = toLocketError(thrown)
  process.stderr.write(`locket: ${formatError(error)}\n`)
  if (error.code === 'internal') process.stderr.write(framesOf(error.cause))
  return ERROR_KINDS[error.code].exit
}

/** Where a bug is, without what it says: its message may hold a value. */
function framesOf(cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.map((frame) => `${frame}\n`).join('')
}

function print(text: string): number {
  standardOutput().write(text)
  return 0
}

/** Made when it is asked for, which takes Node 4 ms. */
function standardOutput(): NodeJS.WriteStream {
  const { stdout } = process
  if (!stdout.listeners('error').includes(ignoreClosedPipe)) stdout.on('error', ignoreClosedPipe)
  return stdout
}

/** `locket … | head` is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
