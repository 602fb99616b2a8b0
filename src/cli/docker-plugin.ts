import { VERSION } from '../core/vocabulary/version.ts'

const PLUGIN = 'docker-locket'
const NAME = 'locket'

/** Options of the Docker CLI that a value follows. They may come before the plugin's name. */
const WITH_VALUE = new Set([
  '--config',
  '--context',
  '-c',
  '--host',
  '-H',
  '--log-level',
  '-l',
  '--tlscacert',
  '--tlscert',
  '--tlskey',
])

/** Returns the description of this plugin as one line of JSON, in the format that the Docker CLI expects. */
export function pluginMetadata(): string {
  return `${JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: NAME,
    Version: VERSION,
    ShortDescription: 'Secrets for containers, on time and gone when done',
  })}\n`
}

/**
 * Returns the words for locket when the Docker CLI started it as its plugin `docker-locket`. The CLI hands on
 * all words: `docker --debug locket secret list` arrives as `--debug locket secret list`, `docker help
 * locket` as `help locket`. Returns undefined when another program started it: a shell, or Compose with
 * `compose … up locket`. `path` is the path under which the program was called.
 */
export function wordsFromDocker(argv: readonly string[], path: string): readonly string[] | undefined {
  if (path.slice(path.lastIndexOf('/') + 1) !== PLUGIN) return undefined
  if (argv[0] === 'help' && argv[1] === NAME) return ['help', ...argv.slice(2)]
  let index = 0
  for (let word = argv[index]; word?.startsWith('-') === true; word = argv[index])
    index += WITH_VALUE.has(word) ? 2 : 1
  return argv[index] === NAME ? argv.slice(index + 1) : undefined
}

/**
 * Calls `end` when the Docker CLI closes `socket`. Without a terminal the CLI keeps a SIGTERM to itself and
 * closes this socket instead. The connection does not keep the process alive. A socket that cannot be reached
 * is ignored.
 */
export async function followDocker(socket: string | undefined, end: () => void): Promise<void> {
  if (socket?.startsWith('@') !== true) return
  const { connect } = await import('node:net')
  // A name in the abstract namespace begins with a zero byte.
  const connection = connect({ path: `\0${socket.slice(1)}` })
  let isConnected = false
  connection.on('connect', () => (isConnected = true))
  connection.on('error', () => undefined)
  connection.on('close', () => isConnected && end())
  connection.resume().unref()
}
