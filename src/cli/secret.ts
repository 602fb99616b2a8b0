import { secretsOf } from '../app/secret/dotenv-secrets.ts'
import { secretTable } from '../app/secret/list.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { loadCommand, type Loaded, type Sections } from '../config/load.ts'
import { logSection } from '../config/sections/log.ts'
import {
  secretCopySection,
  secretGetSection,
  secretImportSection,
  secretListSection,
  secretSetSection,
  storeSection,
} from '../config/sections/secret.ts'
import type { SecretStore } from '../core/ports/secret-store.ts'
import { parseDotenv } from '../core/text/dotenv.ts'
import { nearest } from '../core/text/nearest.ts'
import { decodeUtf8 } from '../core/text/utf8.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { parseSecretName } from '../core/vocabulary/secret-name.ts'
import { wipeAll } from '../core/vocabulary/secret.ts'
import type { Action, Command, CommandContext, Operands } from './define.ts'
import { COPY_SECTIONS, copy } from './secret/copy.ts'
import { made } from './secret/made.ts'
import { printValue, refuseTerminal } from './terminal/print-value.ts'
import { readValue, readWhole } from './terminal/secret-value.ts'

/** The sections of every action of `locket secret`. */
const OWN = { store: storeSection, log: logSection }
const SET = { value: secretSetSection, ...OWN }
const GET = { get: secretGetSection, ...OWN }
const LIST = { list: secretListSection, ...OWN }
const IMPORT = { import: secretImportSection, ...OWN }

interface SecretAction extends Action {
  run(name: string, context: CommandContext): Promise<void>
}

const ACTIONS: ReadonlyMap<string, SecretAction> = new Map([
  ['set', action(SET, ['PATH'], set)],
  ['get', action(GET, ['PATH'], get)],
  ['list', action(LIST, [], list)],
  ['rm', action(OWN, ['PATH...'], remove)],
  ['import', action(IMPORT, ['FILE'], importDotenv, 'files')],
  ['copy', { sections: COPY_SECTIONS, run: (_name, context) => copy(context) }],
  ['rotate-key', action(OWN, [], rotateKey)],
])

/** The command `locket secret`, which has commands of its own, such as `set`. */
export const command: Command = {
  usage: [
    'locket secret set PATH [--stdin | --file FILE] [--trim]   asks for the value when neither is given',
    'locket secret get PATH',
    'locket secret list [--names]',
    'locket secret rm PATH...',
    'locket secret import FILE [--prefix PREFIX]               every variable of a .env file',
    'locket secret copy REFERENCE local://PATH [--force]       from another manager, without showing it',
    'locket secret rotate-key',
  ],
  example:
    'locket secret set db/password      then, in a volume: secret.db_password: "{{ local://db/password }}"',
  sections: [
    secretSetSection,
    secretGetSection,
    secretListSection,
    secretImportSection,
    storeSection,
    logSection,
    secretCopySection,
  ],
  more: RENDERING_SECTIONS.filter((it) => it !== storeSection && it !== logSection),
  actions: ACTIONS,
  async run(context) {
    const [name = ''] = context.argv
    const chosen = ACTIONS.get(name)
    if (chosen === undefined) throw unknownAction(name)
    await chosen.run(name, context)
    return 0
  },
}

/** The advice to a user who may have given the value as an argument. */
const VALUE_ELSEWHERE =
  'a value is never an argument, which every user of this machine can see: leave it out and be asked for it, or use --stdin or --file FILE'

/** Returns an action that loads its settings and calls `body`. `positionals` are as in `LoadRequest`. */
function action<S extends Sections>(
  sections: S,
  positionals: readonly string[],
  body: (loaded: Loaded<S>, context: CommandContext) => Promise<void>,
  takes?: Operands,
): SecretAction {
  return {
    sections: Object.values(sections),
    ...(takes === undefined ? {} : { takes }),
    async run(name, context) {
      const { argv, env, isRoot } = context
      const surplus = name === 'set' ? VALUE_ELSEWHERE : undefined
      const words = argv.slice(1)
      const request = { name: `secret ${name}`, sections, argv: words, env, isRoot, positionals, surplus }
      await body(loadCommand(request), context)
    },
  }
}

async function set({ settings, positionals }: Loaded<typeof SET>, context: CommandContext): Promise<void> {
  const [written = ''] = positionals
  if (written.includes('='))
    throw new LocketError('usage', 'the name of a secret is given without a value', {
      hint: `${VALUE_ELSEWHERE}; a = in a name is written %3D`,
    })
  const name = parseSecretName(written)
  const value = await readValue(settings.value, name, context)
  const size = value.byteLength
  if (size === 0) context.stderr.write('note: the value is empty: did the command before the pipe fail?\n')
  try {
    const store = await open(settings)
    const stored = await store.set(new Map([[name, value]]), context.signal)
    const verb = stored.replaced.has(name) ? 'replaced' : 'stored'
    context.stderr.write(
      `${made(stored)}${verb} local://${name} (${size} ${size === 1 ? 'byte' : 'bytes'})\n`,
    )
  } finally {
    value.wipe()
  }
}

async function get({ settings, positionals }: Loaded<typeof GET>, { stdout }: CommandContext): Promise<void> {
  const name = parseSecretName(positionals[0] ?? '')
  if (!settings.get.show) refuseTerminal(stdout, '--show prints the value anyway')
  const store = await open(settings)
  const value = await store.get(name)
  try {
    await printValue(value, name, stdout)
  } finally {
    value.wipe()
  }
}

async function list({ settings }: Loaded<typeof LIST>, context: CommandContext): Promise<void> {
  const store = await open(settings)
  const secrets = await store.list()
  if (settings.list.names) context.stdout.write(secrets.map(({ name }) => `${name}\n`).join(''))
  else if (secrets.length > 0) context.stdout.write(secretTable(secrets))
  else context.stderr.write(`no secrets in ${settings.store.file} yet\n`)
}

async function remove(
  { settings, positionals }: Loaded<typeof OWN>,
  { stderr, signal }: CommandContext,
): Promise<void> {
  const names = positionals.map(parseSecretName)
  const store = await open(settings)
  await store.remove(names, signal)
  stderr.write(names.map((name) => `removed local://${name}\n`).join(''))
}

async function importDotenv(
  { settings, positionals }: Loaded<typeof IMPORT>,
  { stderr, signal }: CommandContext,
): Promise<void> {
  const [file = ''] = positionals
  const bytes = await readWhole(file)
  const text = decodeUtf8(bytes)
  bytes.fill(0)
  if (text === undefined)
    throw new LocketError('config', `${file} is not UTF-8 text`, { hint: 'save it as UTF-8' })
  const variables = parseDotenv(text, file)
  if (variables.length === 0)
    throw new LocketError('usage', `${file} has no variable to import`, {
      hint: 'a variable is a line NAME=VALUE',
    })
  const values = secretsOf(variables, settings.import.prefix ?? '')
  try {
    const store = await open(settings)
    const stored = await store.set(values, signal)
    stderr.write(`${made(stored)}imported ${values.size} secrets (${stored.replaced.size} replaced)\n`)
  } finally {
    wipeAll(values.values())
  }
}

async function rotateKey(
  { settings }: Loaded<typeof OWN>,
  { stderr, signal }: CommandContext,
): Promise<void> {
  const store = await open(settings)
  const recipient = await store.rotateKey(signal)
  stderr.write(`the new key is ${recipient}; older backups need the old key\n`)
}

async function open({ store, log }: Loaded<typeof OWN>['settings']): Promise<SecretStore> {
  const { openCommandEvents, openLocalSecrets } = await import('../wire.ts')
  return openLocalSecrets(store, openCommandEvents(log))
}

/** Words of other programs for the actions. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  add: 'set',
  create: 'set',
  put: 'set',
  store: 'set',
  write: 'set',
  cat: 'get',
  read: 'get',
  show: 'get',
  ls: 'list',
  delete: 'rm',
  remove: 'rm',
  unset: 'rm',
  load: 'import',
  cp: 'copy',
  mv: 'copy',
  migrate: 'copy',
  rotate: 'rotate-key',
}

/** Returns the error without the word itself, because a word in the wrong place may be a secret. */
function unknownAction(name: string): LocketError {
  const meant = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name] : nearest(name, ACTIONS.keys())
  return new LocketError('usage', `locket secret takes one of ${[...ACTIONS.keys()].join(', ')}`, {
    hint: meant === undefined ? '`locket secret --help` tells more' : `did you mean ${meant}?`,
  })
}
