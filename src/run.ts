import type { CommandContext, CommandEntry } from './cli/define.ts'
import { COMMANDS, TABLES } from './cli/index.ts'
import { wordsOfSidecar } from './cli/sidecar.ts'
import type { StartState } from './core/ports/process.ts'
import { errorLines } from './cli/terminal/error-lines.ts'
import { causesOf, ERROR_KINDS, LocketError, toLocketError } from './core/vocabulary/errors.ts'
import { systemReason } from './core/vocabulary/system-errors.ts'
import { VERSION } from './core/vocabulary/version.ts'

type Env = CommandContext['env']

/** One call of the program. */
interface Start {
  /** The path under which the program was called: its own path, or that of a link to it. */
  readonly path: string
  /** The words after the program's name. */
  readonly argv: readonly string[]
  readonly env: Env
  readonly startState: StartState
}

/** Runs one command line and returns its exit code. Loads the file of that command only. */
export async function run({ path, argv, env, startState }: Start): Promise<number> {
  const docker = path.endsWith('docker-locket') ? await import('./cli/docker-plugin.ts') : undefined
  const fromDocker = docker?.wordsFromDocker(argv, path)
  const words = fromDocker ?? wordsOfSidecar(argv, path, COMMANDS) ?? argv
  const end = (thrown: unknown): number => fail(thrown, asksForCauses(words, env))
  process.once('uncaughtException', (thrown) => process.exit(end(thrown)))
  try {
    // A SIGTERM ends every command, so `followDocker` needs nothing else.
    if (fromDocker !== undefined)
      await docker?.followDocker(env['DOCKER_CLI_PLUGIN_SOCKET'], () => process.kill(process.pid, 'SIGTERM'))
    return await dispatch(words, { env, startState, followsDocker: fromDocker !== undefined })
  } catch (thrown) {
    return end(thrown)
  }
}

/** The first word with which the Docker CLI and Compose ask a plugin for its description. */
const METADATA_WORD = 'docker-cli-plugin-metadata'

/** The parts of the start that a command sees. */
type Surroundings = Pick<CommandContext, 'env' | 'startState' | 'followsDocker'>

async function dispatch(argv: readonly string[], given: Surroundings): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version' || name === '-V') return print(version())
  if (name === METADATA_WORD) return print((await import('./cli/docker-plugin.ts')).pluginMetadata())
  if (name === undefined)
    return await showOverview(process.stderr, { exit: ERROR_KINDS.usage.exit, isAll: false })
  if (HELP_WORDS.has(name)) return await showHelp(rest, name === '--help-all')
  const entry = await findCommand(name)
  const helpWord = firstHelpWord(rest)
  if (helpWord !== undefined) return await showHelp([entry.name, ...rest], helpWord === '--help-all')
  const { command } = await entry.load()
  return await command.run(contextOf(entry.name, rest, given))
}

/**
 * Returns the context of a command. A stream is opened when the command first uses it: opening takes 2 ms,
 * and standard input may belong to a child of the command.
 */
function contextOf(name: string, argv: readonly string[], given: Surroundings): CommandContext {
  return {
    name,
    argv,
    ...given,
    cwd: workingDirectory(),
    calledAt: Date.now(),
    commands: COMMANDS,
    tables: TABLES,
    isRoot: process.getuid?.() === 0,
    uid: process.getuid?.() ?? 0,
    signal: stopSignal(),
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return openStdout()
    },
    get stderr() {
      return process.stderr
    },
  }
}

async function findCommand(name: string): Promise<CommandEntry> {
  const entry = COMMANDS.find((candidate) => candidate.name === name)
  if (entry !== undefined) return entry
  const { nearest } = await import('./core/text/nearest.ts')
  const { adviceOnWord } = await import('./cli/help/other-words.ts')
  const names = COMMANDS.map((candidate) => candidate.name)
  const near = nearest(name, [...names, 'help', '--help', '--version'])
  const what = name.startsWith('-') ? 'flag' : 'command'
  throw new LocketError('usage', `there is no ${what} ${JSON.stringify(name.slice(0, 80))}`, {
    hint: adviceOnWord(name, near),
  })
}

const HELP_WORDS: ReadonlySet<string> = new Set(['help', '--help', '-h', '--help-all'])

/** Returns the words before `--`: those after it belong to another program. */
function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end === -1 ? argv : argv.slice(0, end)
}

/** Returns the first word after a command's name that asks for its help. */
function firstHelpWord(argv: readonly string[]): string | undefined {
  return ownWords(argv).find((word) => word !== 'help' && HELP_WORDS.has(word))
}

/** Shows the help of the named command, or the overview. */
async function showHelp(words: readonly string[], isAll: boolean): Promise<number> {
  const [name, action] = words.filter((word) => !HELP_WORDS.has(word))
  if (name === undefined) return await showOverview(openStdout(), { exit: 0, isAll })
  const entry = await findCommand(name)
  const { command } = await entry.load()
  const { commandPage } = await import('./cli/help/page.ts')
  return print(commandPage(entry, command, { action, isAll: isAll || words.includes('--help-all') }))
}

async function showOverview(
  stream: NodeJS.WriteStream,
  { exit, isAll }: { readonly exit: number; readonly isAll: boolean },
): Promise<number> {
  const { overview } = await import('./cli/help/overview.ts')
  stream.write(overview(COMMANDS, { isAll }))
  return exit
}

/** Returns the line of `--version`. Scripts rely on its second word, the version of locket. */
function version(): string {
  return `locket ${VERSION} (node ${process.versions.node}, ${process.arch})\n`
}

/** Returns a signal that the first SIGINT or SIGTERM aborts. The second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new LocketError('aborted', `stopped by ${name}`)))
  }
  return stop.signal
}

/**
 * Writes the error and returns its exit code. Several errors in one have a line each. `withCauses`: writes a
 * line for each cause too. An internal error also gets its stack frames.
 */
function fail(thrown: unknown, withCauses: boolean): number {
  const error = toLocketError(thrown)
  process.stderr.write(errorLines(error))
  if (withCauses)
    process.stderr.write(
      causesOf(error)
        .map((line) => `  because: ${line}\n`)
        .join(''),
    )
  if (error.code === 'internal') process.stderr.write(framesOf(error.cause))
  return ERROR_KINDS[error.code].exit
}

/**
 * Tells whether the log level is `debug` or `trace`. It looks at the words and the variable alone, because
 * the error may be that the settings cannot be read.
 */
function asksForCauses(argv: readonly string[], env: Env): boolean {
  const words = ownWords(argv)
  const levels = words.flatMap((word, index) => {
    if (word === '--log-level') return [words[index + 1]]
    return word.startsWith('--log-level=') ? [word.slice('--log-level='.length)] : []
  })
  const level = levels.at(-1) ?? env['LOCKET_LOG_LEVEL']
  return level === 'debug' || level === 'trace'
}

/** Returns the stack frames of a bug without its message, which may hold a secret. */
function framesOf(cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.map((frame) => `${frame}\n`).join('')
}

function print(text: string): number {
  openStdout().write(text)
  return 0
}

function workingDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new LocketError('io', 'the working directory does not exist any more', {
      cause,
      hint: 'change to a folder that exists',
    })
  }
}

/**
 * Returns standard output. It is opened only when it is needed, because opening takes 4 ms. A closed pipe is
 * not an error, so that `locket … | head` succeeds.
 */
function openStdout(): NodeJS.WriteStream {
  const { stdout } = process
  if (!stdout.listeners('error').includes(ignoreClosedPipe)) stdout.on('error', ignoreClosedPipe)
  return stdout
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return
  throw new LocketError('io', `cannot write standard output: ${systemReason(error.code, 'write')}`, {
    cause: error,
  })
}
