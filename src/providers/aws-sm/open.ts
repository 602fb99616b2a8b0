import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { openAwsProvider } from '../lib/aws/open.ts'
import { ownReference } from '../lib/network-provider.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { createSecretReader, shownSecret, type SecretReader } from './read.ts'
import { parseAwsSecret } from './refs.ts'
import type { AwsSmSettings } from './settings.ts'

/**
 * Bytes of one answer. A secret has at most 64 KiB and an answer at most 20 of them; six bytes of JSON may
 * stand for one.
 */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Opens a client of AWS Secrets Manager. */
export function openAwsSm(settings: AwsSmSettings, deps: ProviderDeps, instance: string): ProviderClient {
  /** Regions in which the credentials may not ask for several secrets at once. */
  const single = new Set<string>()
  return openAwsProvider<SecretReader>(settings, deps, instance, {
    service: { name: 'secretsmanager', target: 'secretsmanager', maxBytes: MAX_ANSWER_BYTES },
    batch: (regionOf, { refs, signal }) =>
      createSecretReader({ regionOf, references: refs.map(referenceOf), signal, single }),
    fetchOne,
    async probe(reader) {
      try {
        await reader.read({ id: 'locket-probe-of-the-credentials' })
      } catch (thrown) {
        // The credentials are good if the service says that there is no such secret, or that it is not
        // theirs.
        if (isLocketError(thrown) && (thrown.code === 'not_found' || thrown.code === 'denied')) return
        throw thrown
      }
    },
  })
}

async function fetchOne(ref: SecretRef, reader: SecretReader): Promise<Resolved> {
  const reference = referenceOf(ref)
  const { bytes, version } = await reader.read(reference)
  // Several fields share one answer.
  const value = chooseField(new Uint8Array(bytes), reference, shownSecret(reference))
  return { value, ...(version === undefined ? {} : { version }) }
}

function referenceOf(ref: SecretRef) {
  return ownReference(ref, parseAwsSecret)
}
