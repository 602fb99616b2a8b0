import type { ProviderClient, ProviderDeps } from '../define.ts'
import { parseAgeIdentity } from '../lib/age/age-key.ts'
import { readCredentialBytes } from '../lib/login/credential.ts'
import { ownReference } from '../lib/network-provider.ts'
import { createMachineClient } from '../lib/program/machine-client.ts'
import { readBelow } from '../lib/reference/file-path.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { parseAgeFile } from './refs.ts'
import type { AgeSettings } from './settings.ts'

/** Bytes of an encrypted file. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/** Opens the provider of encrypted files. The identity is read again for each batch. */
export function openAge(
  { folder, identity }: AgeSettings,
  deps: ProviderDeps,
  instance: string,
): ProviderClient {
  return createMachineClient({
    instance,
    async begin() {
      const use = { provider: instance, setting: 'age-identity' }
      const bytes = await readCredentialBytes({ kind: 'file', path: identity }, deps.files, use)
      const text = new TextDecoder('latin1').decode(bytes)
      bytes.fill(0)
      return parseAgeIdentity(text, identity)
    },
    async fetchOne(ref, opener) {
      const file = ownReference(ref, parseAgeFile)
      const sealed = await readBelow(
        deps.files,
        { folder, path: file.path, maxBytes: MAX_FILE_BYTES },
        instance,
      )
      const plain = await opener.open(sealed, `${folder}/${file.path}`)
      return { value: chooseField(plain, file, `file ${file.path}`) }
    },
  })
}
