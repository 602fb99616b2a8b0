import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { readCredentialBytes } from '../lib/login/credential.ts'
import { ownReference } from '../lib/network-provider.ts'
import { createMachineClient } from '../lib/program/machine-client.ts'
import { programEnvironment, runProgram } from '../lib/program/run-program.ts'
import { providerError } from '../lib/provider-error.ts'
import { readBelow } from '../lib/reference/file-path.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { parseSopsFile } from './refs.ts'
import type { SopsSettings } from './settings.ts'

/** Bytes of an encrypted file, and of what is in it. */
const MAX_BYTES = 16 * 1024 * 1024
/** The variables of the services that hold the keys of files. */
const KEY_VARIABLES = /^(SOPS_|AWS_|AZURE_|GOOGLE_|CLOUDSDK_|VAULT_|GNUPGHOME$|GPG_)/

/** The types of sops, by the ending of a file. Every other file is binary. */
const TYPES: Readonly<Record<string, string>> = {
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  env: 'dotenv',
  ini: 'ini',
}

interface Batch {
  /** Resolves with the decrypted file as JSON, or unchanged. Callers must copy it. */
  readonly decrypt: (path: string, isJson: boolean) => Promise<Uint8Array>
}

/** Opens the provider of SOPS files. */
export function openSops(
  { folder, ageKeyFile }: SopsSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  const names = Object.keys(deps.env).filter((name) => KEY_VARIABLES.test(name))
  const env = {
    ...programEnvironment(deps.env, names),
    ...(ageKeyFile === undefined ? {} : { SOPS_AGE_KEY_FILE: ageKeyFile }),
  }

  async function decrypt(path: string, isJson: boolean, signal: AbortSignal): Promise<Uint8Array> {
    const type = TYPES[/[^./]*$/.exec(path)?.[0].toLowerCase() ?? ''] ?? 'binary'
    if (isJson && type === 'binary')
      throw providerError('provider_protocol', `${instance}: ${path} is a binary file, so it has no fields`, {
        hint: 'leave field= out, or give the file an ending such as .yaml, .json or .env',
      })
    // The read checks that the file exists and that no link leads out of the folder. sops cannot read it from
    // standard input, which Node makes a socket.
    await readBelow(deps.files, { folder, path, maxBytes: MAX_BYTES }, instance)
    const end = await runProgram({
      provider: instance,
      program: 'sops',
      args: ['--decrypt', '--input-type', type, '--output-type', isJson ? 'json' : type, `${folder}/${path}`],
      env,
      maxBytes: MAX_BYTES,
      signal,
      from: 'sops (https://getsops.io)',
    })
    if (end.code === 0) return end.output
    end.output.fill(0)
    throw failureOf(instance, path, end.code, end.complaint)
  }

  return createMachineClient<Batch>({
    instance,
    async begin(signal) {
      if (ageKeyFile !== undefined) await checkKeyFile(ageKeyFile, deps.files, instance)
      const known = new Map<string, Promise<Uint8Array>>()
      return {
        decrypt(path, isJson) {
          const key = `${isJson} ${path}`
          const found = known.get(key) ?? decrypt(path, isJson, signal)
          known.set(key, found)
          return found
        },
      }
    },
    async fetchOne(ref, batch) {
      const file = ownReference(ref, parseSopsFile)
      const isJson = file.field !== undefined || file.isAll === true
      const plain = await batch.decrypt(file.path, isJson)
      return { value: chooseField(new Uint8Array(plain), file, `file ${file.path}`) }
    },
  })
}

/** Checks what sops would not name: that the key file is there and holds identities. */
async function checkKeyFile(path: string, files: SourceFiles, instance: string): Promise<void> {
  const use = { provider: instance, setting: 'sops-age-key-file' }
  const bytes = Buffer.from(await readCredentialBytes({ kind: 'file', path }, files, use))
  const isKey = KEYS.some((text) => bytes.includes(text))
  bytes.fill(0)
  if (!isKey)
    throw providerError('auth', `${instance}: sops-age-key-file in ${path} holds no age identity`, {
      hint: 'age-keygen writes such files',
    })
}

const KEYS = ['AGE-SECRET-KEY-', 'AGE-PLUGIN-']

/** The exit codes of sops are those of its source (cmd/sops/codes/codes.go). */
function failureOf(instance: string, path: string, code: number, complaint: string): LocketError {
  const named = `(sops ended with exit code ${code})`
  if (code === 128 || /could not decrypt data key|no identity matched|data key/i.test(complaint))
    return providerError('auth', `${instance}: no key opens ${path} ${named}`, {
      hint: 'set sops-age-key-file (SOPS_AGE_KEY_FILE), or give the credentials of the service that holds the key',
    })
  if (code === 51 || /mac mismatch/i.test(complaint))
    return providerError(
      'provider_protocol',
      `${instance}: ${path} was changed after it was encrypted ${named}`,
      {
        hint: 'restore it, or encrypt it again',
      },
    )
  return providerError('provider_protocol', `${instance}: ${path} cannot be decrypted ${named}`, {
    hint: 'is it a file of sops, and its ending that of its format? Run sops by hand to see more',
  })
}
