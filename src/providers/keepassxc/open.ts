import { packFields } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { credentialText, readCredential, readCredentialBytes } from '../lib/login/credential.ts'
import { fieldHint, nearHint } from '../lib/names/name-hint.ts'
import { sameName } from '../lib/names/name-match.ts'
import { ownReference } from '../lib/network-provider.ts'
import { createMachineClient } from '../lib/program/machine-client.ts'
import { programEnvironment, runProgram } from '../lib/program/run-program.ts'
import { providerError } from '../lib/provider-error.ts'
import { withReferences } from './entry-references.ts'
import { parseExport, type ExportedEntry } from './export.ts'
import { parseKeepassxcEntry, type KeepassxcEntry } from './refs.ts'
import type { KeepassxcSettings } from './settings.ts'

/** Bytes of the exported database, and of its file. Attachments are part of both. */
const MAX_BYTES = 128 * 1024 * 1024

/** Opens the provider of a database of KeePassXC. Throws `config` if no database is set. */
export function openKeepassxc(
  settings: KeepassxcSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  const { database, password, keyFile } = settings
  if (database === undefined)
    throw providerError('config', `${instance} needs keepassxc-database (KEEPASSXC_DATABASE)`)

  async function checkFile(path: string, setting: string): Promise<void> {
    const bytes = await readCredentialBytes(
      { kind: 'file', path },
      deps.files,
      { provider: instance, setting },
      MAX_BYTES,
    )
    bytes.fill(0)
  }

  /** Unlocks the database once and returns all entries: each unlock takes a second on purpose. */
  async function entriesOf(path: string, signal: AbortSignal): Promise<readonly ExportedEntry[]> {
    const input = password === undefined ? undefined : await passwordLine()
    await checkFile(path, 'keepassxc-database')
    if (keyFile !== undefined) await checkFile(keyFile, 'keepassxc-key-file')
    const locks = [
      ...(password === undefined ? ['--no-password'] : []),
      ...(keyFile === undefined ? [] : ['--key-file', keyFile]),
    ]
    const { code, output, complaint } = await runProgram({
      provider: instance,
      program: 'keepassxc-cli',
      args: ['export', '--format', 'xml', ...locks, '--', path],
      env: programEnvironment(deps.env),
      ...(input === undefined ? {} : { input }),
      maxBytes: MAX_BYTES,
      signal,
      from: 'KeePassXC (keepassxc, keepassxc-minimal or keepassxc-full in Debian)',
    })
    input?.fill(0)
    const entries = code === 0 ? parseExport(new TextDecoder().decode(output)) : undefined
    output.fill(0)
    if (entries !== undefined) return entries
    if (/invalid credentials|HMAC mismatch|wrong key/i.test(complaint))
      throw providerError('auth', `${instance}: neither password nor key file opens ${path}`, {
        hint: 'are keepassxc-password and keepassxc-key-file both right? A database may need both',
      })
    throw providerError(
      'provider_protocol',
      `${instance}: ${path} cannot be read (keepassxc-cli ended with exit code ${code})`,
      {
        hint: 'is it a database of KeePass 2? Run keepassxc-cli by hand to see more',
      },
    )
  }

  async function passwordLine(): Promise<Uint8Array> {
    if (password === undefined) return new Uint8Array()
    const secret = await readCredential(password, deps.files, {
      provider: instance,
      setting: 'keepassxc-password',
    })
    const line = new TextEncoder().encode(`${credentialText(secret)}\n`)
    secret.wipe()
    return line
  }

  return createMachineClient<readonly ExportedEntry[]>({
    instance,
    begin: (signal) => entriesOf(database, signal),
    async fetchOne(ref, entries) {
      const wanted = ownReference(ref, parseKeepassxcEntry)
      const found = find(entries, wanted, instance)
      const where = `${instance}: entry ${wanted.path.join('/')}`
      return { value: chosen(found, wanted, where, (value) => withReferences(value, entries, where)) }
    },
  })
}

function find(entries: readonly ExportedEntry[], { path }: KeepassxcEntry, instance: string): ExportedEntry {
  const wanted = path.join('/')
  const [found, second] = entries.filter(
    (entry) => entry.path.length === path.length && entry.path.join('/') === wanted,
  )
  if (second !== undefined)
    throw providerError('ambiguous', `${instance}: there is more than one entry ${wanted}`, {
      hint: 'give one of them another title',
    })
  if (found !== undefined) return found
  throw providerError('not_found', `${instance}: there is no entry ${wanted}`, {
    hint: nearHint(
      wanted,
      entries.map((entry) => entry.path.join('/')),
    ),
  })
}

/** Names of attributes are compared without case: the program writes `UserName`, and people `username`. */
function chosen(
  { fields }: ExportedEntry,
  { field, isAll }: KeepassxcEntry,
  where: string,
  resolve: (value: string) => string,
): Secret {
  if (isAll === true) {
    const own = [...fields].filter(
      ([name, value]) => name !== 'Title' && (value !== '' || !STANDARD.has(name)),
    )
    return packFields(own.map(([name, value]) => [name, Secret.fromText(resolve(value))]))
  }
  const name = fields.has(field) ? field : [...fields.keys()].find((known) => sameName(known, field))
  const value = name === undefined ? undefined : fields.get(name)
  if (value !== undefined) return Secret.fromText(resolve(value))
  throw providerError('not_found', `${where} has no attribute ${JSON.stringify(field)}`, {
    hint: fieldHint(field, [...fields.keys()]),
  })
}

/** The attributes that every entry has, often without a value. */
const STANDARD: ReadonlySet<string> = new Set(['Notes', 'Password', 'URL', 'UserName'])
