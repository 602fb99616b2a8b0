import { VERSION } from '../core/vocabulary/version.ts'

/** What the Docker CLI and Compose ask a plugin of theirs for first. */
export const METADATA_WORD = 'docker-cli-plugin-metadata'

const PLUGIN = 'docker-locket'
const NAME = 'locket'

/** The docker command's own options that a value follows; they may stand before the plugin's name. */
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

/** One line of JSON, as the Docker CLI wants it. */
export function pluginMetadata(): string {
  return `${JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: NAME,
    Version: VERSION,
    ShortDescription: 'Secrets for containers, on time and gone when done',
  })}\n`
}

/**
 * The words that are meant for us, when the docker command has started us as its plugin: it hands on all of its own words,
 * `docker --debug locket secret list` as `docker-locket --debug locket secret list`, and `docker help locket` as `docker-locket help locket`.
 * Undefined when somebody else has: a person, or Compose, which calls `docker-locket compose … up locket`. `path`: what the program was called by.
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
 * Without a terminal the docker command keeps a SIGTERM to itself, and closes this socket for its plugin to know. Calls `end` then; it
 * keeps no process alive. A socket that cannot be reached is none.
 */
export async function followDocker(socket: string | undefined, end: () => void): Promise<void> {
  if (socket?.startsWith('@') !== true) return
  const { connect } = await import('node:net')
  // In the abstract namespace, whose names begin with a zero byte.
  const connection = connect({ path: `\0${socket.slice(1)}` })
  let isConnected = false
  connection.on('connect', () => (isConnected = true))
  connection.on('error', () => undefined)
  connection.on('close', () => isConnected && end())
  connection.resume().unref()
}
