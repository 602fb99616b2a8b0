import { LocketError } from '../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { readReference } from './references.ts'
import { errorOf } from './sdk-calls.ts'
import type { Answered } from './sdk-calls.ts'
import { providerError } from '../lib/provider-error.ts'

type Meaning = readonly [code: ErrorCode, says: string, hint?: string]

const ID = 'write the id in place of the name'
const SECTION = 'name the section, or write the id'
const CONNECT = '1Password Connect can: `op-connect`'

/** The errors that the SDK has for one reference (its `types.d.ts`), with the code and words of locket. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  parsing: ['ref_syntax', "is not what 1Password's SDK takes for a reference"],
  tooManyVaults: ['ambiguous', 'several vaults have that name', ID],
  tooManyItems: ['ambiguous', 'several items have that title', ID],
  tooManyMatchingFields: ['ambiguous', 'several fields have that name', SECTION],
  incompatibleTOTPQueryParameterField: [
    'filter_failed',
    'attribute=otp is for a one-time password, and this field is not one',
  ],
  unableToGenerateTotpCode: ['filter_failed', 'no one-time password can be made of this field'],
  sSHKeyMetadataNotFound: [
    'filter_failed',
    'ssh-format=openssh is for an SSH key, and this field is not one',
  ],
  incompatibleSshKeyQueryParameterField: [
    'filter_failed',
    'ssh-format=openssh is for a private key, and this field is not one',
  ],
  unableToParsePrivateKey: ['filter_failed', 'the private key cannot be read'],
  unableToFormatPrivateKeyToOpenSsh: ['filter_failed', 'the private key cannot be written as OpenSSH does'],
  unsupportedFileFormat: [
    'filter_failed',
    "the file is not text, which 1Password's SDK cannot give",
    CONNECT,
  ],
}

/**
 * Returns the outcome of one reference. The SDK answers `other` when one of its requests failed; `trouble`
 * then holds that failure.
 */
export function outcomeOf({ key }: SecretRef, { responses, trouble }: Answered, who: string): Outcome {
  const { value, error = '' } = responses.get(key) ?? {}
  if (value !== undefined) {
    const isFleeting = readReference(key).attribute === 'otp'
    return { ok: true, secret: { value: new Secret(value), ...(isFleeting ? { isFleeting } : {}) } }
  }
  const missing = missingOf(error, key, who)
  if (missing !== undefined) return { ok: false, error: missing }
  const meaning = Object.hasOwn(MEANINGS, error) ? MEANINGS[error] : undefined
  if (meaning !== undefined) {
    const [code, says, hint] = meaning
    return { ok: false, error: new LocketError(code, says, { hint }) }
  }
  const says = `${who}: 1Password's SDK gives no value and does not say why`
  return {
    ok: false,
    error: trouble === undefined ? providerError('provider_protocol', says) : errorOf(trouble),
  }
}

/**
 * Returns the error for a name that does not exist; undefined for another error. The SDK lists no other
 * names.
 */
function missingOf(error: string, key: string, who: string): LocketError | undefined {
  const { vault, item, section, field } = readReference(key)
  const noSuch = (what: string, hint?: string) =>
    providerError('not_found', `${who} has no ${what}`, { hint })
  const place = section === undefined ? `item "${item}"` : `section "${section}" of item "${item}"`
  if (error === 'vaultNotFound')
    return noSuch(
      `vault "${vault}" that this service account may read`,
      'the vaults of a service account are set when it is made',
    )
  if (error === 'itemNotFound') return noSuch(`item "${item}" in vault "${vault}"`)
  if (error === 'noMatchingSections') return noSuch(`section "${section ?? ''}" in item "${item}"`)
  if (error === 'fieldNotFound') return noSuch(`field or file "${field}" in ${place}`)
  return undefined
}
