import type { LocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { fieldHint } from '../lib/names/name-hint.ts'
import { ownReference } from '../lib/network-provider.ts'
import { createMachineClient } from '../lib/program/machine-client.ts'
import { programEnvironment, runProgram } from '../lib/program/run-program.ts'
import { providerError } from '../lib/provider-error.ts'
import { readBelow } from '../lib/reference/file-path.ts'
import { parsePassEntry, type PassEntry } from './refs.ts'
import type { PassSettings } from './settings.ts'

/** Bytes of an entry, encrypted and not. */
const MAX_BYTES = 16 * 1024 * 1024
/** The variables by which the agent of GnuPG asks a person for the passphrase. */
const AGENT_VARIABLES = [
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_SESSION_BUS_ADDRESS',
  'GPG_TTY',
  'PINENTRY_USER_DATA',
]
const NEWLINE = 0x0a

interface Batch {
  /** Resolves with the entry, which callers must copy. */
  readonly show: (name: string) => Promise<Uint8Array>
}

/** Opens the provider of the password store. */
export function openPass(
  { store, gnupgHome }: PassSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  const home = deps.env['HOME'] ?? ''
  const folder = store ?? `${home}/.password-store`
  const env = {
    ...programEnvironment(deps.env, AGENT_VARIABLES),
    PASSWORD_STORE_DIR: folder,
    ...(gnupgHome === undefined ? {} : { GNUPGHOME: gnupgHome }),
  }

  async function show(name: string, signal: AbortSignal): Promise<Uint8Array> {
    // For the name of a folder the program would print a list of names and succeed.
    await readBelow(deps.files, { folder, path: `${name}.gpg`, maxBytes: MAX_BYTES }, instance)
    const end = await runProgram({
      provider: instance,
      program: 'pass',
      args: ['show', '--', name],
      env,
      maxBytes: MAX_BYTES,
      signal,
      from: 'pass, a package of most distributions',
    })
    if (end.code === 0) return end.output
    end.output.fill(0)
    throw failureOf(instance, name, end.code, end.complaint)
  }

  return createMachineClient<Batch>({
    instance,
    async begin(signal) {
      const known = new Map<string, Promise<Uint8Array>>()
      let before: Promise<unknown> = Promise.resolve()
      return {
        // One after the other, so that a locked key is asked for once.
        show(name) {
          const found = known.get(name) ?? before.then(() => show(name, signal))
          before = found.catch(() => undefined)
          known.set(name, found)
          return found
        },
      }
    },
    async fetchOne(ref, batch) {
      const entry = ownReference(ref, parsePassEntry)
      return { value: chosen(await batch.show(entry.name), entry, instance) }
    },
  })
}

function chosen(bytes: Uint8Array, { name, field, isAll, isWhole }: PassEntry, instance: string): Secret {
  if (isWhole === true) return new Secret(new Uint8Array(bytes))
  const end = bytes.indexOf(NEWLINE)
  if (field === undefined && isAll !== true)
    return new Secret(new Uint8Array(bytes.subarray(0, end === -1 ? undefined : end)))
  const fields = readFields(new TextDecoder().decode(bytes))
  if (isAll === true) return packFields([...fields].map(([key, value]) => [key, Secret.fromText(value)]))
  const found = fields.get(field ?? '')
  if (found !== undefined) return Secret.fromText(found)
  throw providerError(
    'not_found',
    `${instance}: entry ${name} has no line ${JSON.stringify(`${field}: …`)}`,
    {
      hint: fieldHint(field ?? '', [...fields.keys()]),
    },
  )
}

/** The lines `name: value`, and a first line that is not empty as `password`. The first of a name counts. */
function readFields(text: string): ReadonlyMap<string, string> {
  const [first = '', ...lines] = text.split('\n')
  const fields = new Map(first === '' ? [] : [['password', first]])
  for (const line of lines) {
    const [, name, value] = /^([^:]+):[ \t]*(.*?)\r?$/.exec(line) ?? []
    if (name !== undefined && value !== undefined && !fields.has(name.trim())) fields.set(name.trim(), value)
  }
  return fields
}

/** Only the known texts of GnuPG tell a locked key from a missing one. */
function failureOf(instance: string, name: string, code: number, complaint: string): LocketError {
  const named = `(pass ended with exit code ${code})`
  if (/no secret key/i.test(complaint))
    return providerError('auth', `${instance}: no key of this user opens entry ${name} ${named}`, {
      hint: 'pass-gnupg-home (GNUPGHOME) names the folder of the keys',
    })
  if (/pinentry|inappropriate ioctl|operation cancelled|bad passphrase|no passphrase/i.test(complaint))
    return providerError('auth', `${instance}: the key of entry ${name} is locked ${named}`, {
      hint: 'unlock it in the GnuPG agent of this user, or use a key without a passphrase',
    })
  return providerError('provider_protocol', `${instance}: entry ${name} cannot be read ${named}`, {
    hint: 'run pass by hand to see more',
  })
}
