import type { CommandContext } from './cli/define.ts'
import { followDocker, METADATA_WORD, pluginMetadata, wordsFromDocker } from './cli/docker-plugin.ts'
import { COMMANDS, type CommandEntry } from './cli/index.ts'
import { causesOf, ERROR_KINDS, formatError, LocketError, toLocketError } from './core/vocabulary/errors.ts'
import { VERSION } from './core/vocabulary/version.ts'

type Env = CommandContext['env']

export interface Start {
  /** What the program was called by: the path of a link to it, or its own. */
  readonly path: string
  /** After the program's name. */
  readonly argv: readonly string[]
  readonly env: Env
}

/** One command line, from its words to its exit code. Loads what the command needs and no other. */
export async function run({ path, argv, env }: Start): Promise<number> {
  const fromDocker = wordsFromDocker(argv, path)
  const words = fromDocker ?? argv
  const end = (thrown: unknown): number => fail(thrown, asksForCauses(words, env))
  process.once('uncaughtException', (thrown) => process.exit(end(thrown)))
  try {
    // A signal is what each command already listens to.
    if (fromDocker !== undefined)
      await followDocker(env['DOCKER_CLI_PLUGIN_SOCKET'], () => process.kill(process.pid, 'SIGTERM'))
    return await dispatch(words, env)
  } catch (thrown) {
    return end(thrown)
  }
}

async function dispatch(argv: readonly string[], env: Env): Promise<number> {
  const [name, ...rest] = argv
  if (name === '--version' || name === '-V') return print(version())
  if (name === METADATA_WORD) return print(pluginMetadata())
  if (name === undefined) return await showOverview(process.stderr, ERROR_KINDS.usage.exit)
  if (HELP_WORDS.has(name)) return await showHelp(rest, name === '--help-all')
  const entry = await findCommand(name)
  const asked = helpAskedFor(rest)
  if (asked !== undefined) return await showHelp([entry.name, ...rest], asked === '--help-all')
  const { command } = await entry.load()
  return await command.run(contextOf(rest, env))
}

/** The streams are opened by who uses them: a command of its own may leave standard input to a child, and opening costs a start 2 ms. */
function contextOf(argv: readonly string[], env: Env): CommandContext {
  return {
    argv,
    env,
    cwd: process.cwd(),
    commands: COMMANDS,
    isRoot: process.getuid?.() === 0,
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
  const names = COMMANDS.map((candidate) => candidate.name)
  const near = nearest(name, [...names, 'help'])
  const what = name.startsWith('-') ? 'flag' : 'command'
  throw new LocketError('usage', `there is no ${what} ${JSON.stringify(name.slice(0, 80))}`, {
    hint: near === undefined ? '`locket --help` lists the commands' : `did you mean ${near}?`,
  })
}

const HELP_WORDS: ReadonlySet<string> = new Set(['help', '--help', '-h', '--help-all'])

/** What follows `--` is another program's. */
function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  return end === -1 ? argv : argv.slice(0, end)
}

/** The first word of a command's that asks for its help. */
function helpAskedFor(argv: readonly string[]): string | undefined {
  return ownWords(argv).find((word) => word !== 'help' && HELP_WORDS.has(word))
}

/** Of the command that the words name, or of all. */
async function showHelp(words: readonly string[], isAll: boolean): Promise<number> {
  const [name, action] = words.filter((word) => !HELP_WORDS.has(word))
  if (name === undefined) return await showOverview(openStdout(), 0)
  const entry = await findCommand(name)
  const { commandPage } = await import('./cli/help/page.ts')
  return print(commandPage(entry, { action, isAll: isAll || words.includes('--help-all') }))
}

async function showOverview(stream: NodeJS.WriteStream, exit: number): Promise<number> {
  const { overview } = await import('./cli/help/overview.ts')
  stream.write(overview(COMMANDS))
  return exit
}

/** Scripts take the second word. */
function version(): string {
  return `locket ${VERSION} (node ${process.versions.node}, ${process.arch})\n`
}

/** Aborted by the first SIGINT or SIGTERM. The second one ends the process as if nobody had listened. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new LocketError('aborted', `stopped by ${name}`)))
  }
  return stop.signal
}

/** The line that a person reads, and the exit code that a script reads. With causes, a line for each of them too. */
function fail(thrown: unknown, withCauses: boolean): number {
  const error = toLocketError(thrown)
  process.stderr.write(`locket: ${formatError(error)}\n`)
  if (withCauses)
    process.stderr.write(
      causesOf(error)
        .map((line) => `  because: ${line}\n`)
        .join(''),
    )
  if (error.code === 'internal') process.stderr.write(framesOf(error.cause))
  return ERROR_KINDS[error.code].exit
}

/** The log level as it was given, whether or not the settings can be read: it is what tells why they cannot. */
function asksForCauses(argv: readonly string[], env: Env): boolean {
  const words = ownWords(argv)
  const levels = words.flatMap((word, index) => {
    if (word === '--log-level') return [words[index + 1]]
    return word.startsWith('--log-level=') ? [word.slice('--log-level='.length)] : []
  })
  const level = levels.at(-1) ?? env['LOCKET_LOG_LEVEL']
  return level === 'debug' || level === 'trace'
}

/** Where a bug is, without what it says: its message may hold a value. */
function framesOf(cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.map((frame) => `${frame}\n`).join('')
}

function print(text: string): number {
  openStdout().write(text)
  return 0
}

/** Made when it is asked for, which takes Node 4 ms. `locket … | head` is no failure. */
function openStdout(): NodeJS.WriteStream {
  const { stdout } = process
  if (!stdout.listeners('error').includes(ignoreClosedPipe)) stdout.on('error', ignoreClosedPipe)
  return stdout
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
