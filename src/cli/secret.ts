import { secretsOf } from '../app/secret/dotenv-secrets.ts'
import { secretTable } from '../app/secret/list.ts'
import { loadCommand, type Loaded, type Sections } from '../config/load.ts'
import { logSection } from '../config/sections/log.ts'
import {
  secretImportSection,
  secretListSection,
  secretSetSection,
  storeSection,
} from '../config/sections/secret.ts'
import { parseDotenv } from '../core/text/dotenv.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { nearest } from '../core/text/nearest.ts'
import type { SecretStore, Stored } from '../core/ports/secret-store.ts'
import { parseSecretName } from '../core/vocabulary/secret-name.ts'
import { wipeAll } from '../core/vocabulary/secret.ts'
import { openLocalSecrets, openCommandEvents } from '../wire.ts'
import type { Command, CommandContext } from './define.ts'
import { printValue } from './terminal/print-value.ts'
import { readValue, readWhole } from './terminal/secret-value.ts'

type Action = (context: CommandContext) => Promise<void>

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['set', set],
  ['get', get],
  ['list', list],
  ['rm', remove],
  ['import', importDotenv],
  ['rotate-key', rotateKey],
])

export const command: Command = {
  async run(context) {
    const [name = ''] = context.argv
    const action = ACTIONS.get(name)
    if (action === undefined) throw unknownAction(name)
    await action(context)
    return 0
  },
}

const OWN = { store: storeSection, log: logSection }

async function set(context: CommandContext): Promise<void> {
  const { settings, positionals } = load(context, 'set', { ...OWN, value: secretSetSection }, ['PATH'])
  const name = parseSecretName(positionals[0] ?? '')
  const value = await readValue(settings.value, name, context)
  const size = value.byteLength
  try {
    const stored = await open(settings).set(new Map([[name, value]]), context.signal)
    const verb = stored.replaced.has(name) ? 'replaced' : 'stored'
    context.stderr.write(`${made(stored)}${verb} local://${name} (${size} bytes)\n`)
  } finally {
    value.wipe()
  }
}

async function get(context: CommandContext): Promise<void> {
  const { settings, positionals } = load(context, 'get', OWN, ['PATH'])
  const name = parseSecretName(positionals[0] ?? '')
  const value = await open(settings).get(name)
  try {
    await printValue(value, name, context.stdout)
  } finally {
    value.wipe()
  }
}

async function list(context: CommandContext): Promise<void> {
  const { settings } = load(context, 'list', { ...OWN, list: secretListSection }, [])
  const secrets = await open(settings).list()
  if (settings.list.names) context.stdout.write(secrets.map(({ name }) => `${name}\n`).join(''))
  else if (secrets.length > 0) context.stdout.write(secretTable(secrets))
  else context.stderr.write(`no secrets in ${settings.store.file} yet\n`)
}

async function remove(context: CommandContext): Promise<void> {
  const { settings, positionals } = load(context, 'rm', OWN, ['PATH...'])
  const names = positionals.map(parseSecretName)
  await open(settings).remove(names, context.signal)
  context.stderr.write(names.map((name) => `removed local://${name}\n`).join(''))
}

async function importDotenv(context: CommandContext): Promise<void> {
  const { settings, positionals } = load(context, 'import', { ...OWN, import: secretImportSection }, ['FILE'])
  const [file = ''] = positionals
  const bytes = await readWhole(file)
  const variables = parseDotenv(bytes.toString('utf8'), file)
  bytes.fill(0)
  const values = secretsOf(variables, settings.import.prefix ?? '')
  try {
    const stored = await open(settings).set(values, context.signal)
    context.stderr.write(
      `${made(stored)}imported ${values.size} secrets (${stored.replaced.size} replaced)\n`,
    )
  } finally {
    wipeAll(values.values())
  }
}

async function rotateKey(context: CommandContext): Promise<void> {
  const { settings } = load(context, 'rotate-key', OWN, [])
  const recipient = await open(settings).rotateKey(context.signal)
  context.stderr.write(`the key is now ${recipient}; backups from before need the old one\n`)
}

function load<S extends Sections>(
  { argv, env, isRoot }: CommandContext,
  action: string,
  sections: S,
  positionals: readonly string[],
): Loaded<S> {
  return loadCommand({ name: `secret ${action}`, sections, argv: argv.slice(1), env, isRoot, positionals })
}

function open({ store, log }: Loaded<typeof OWN>['settings']): SecretStore {
  return openLocalSecrets(store, openCommandEvents(log))
}

/** Whoever made a key must know that there is one to keep. */
function made(stored: Stored): string {
  const lines = stored.made.map((path) => `made ${path}\n`)
  return lines.length < 2
    ? lines.join('')
    : `${lines.join('')}keep a copy of both, the key apart from the secrets\n`
}

/** The word is not repeated: it may be a value, given where it must not be. */
function unknownAction(name: string): LocketError {
  const near = nearest(name, ACTIONS.keys())
  return new LocketError('usage', `locket secret takes one of ${[...ACTIONS.keys()].join(', ')}`, {
    hint: near === undefined ? '`locket secret --help` tells what they do' : `did you mean ${near}?`,
  })
}
