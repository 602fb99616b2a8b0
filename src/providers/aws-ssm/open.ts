import { isLocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { openAwsProvider } from '../lib/aws/open.ts'
import { ownReference } from '../lib/network-provider.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { createParameterReader, type ParameterReader } from './read.ts'
import { parseParameter } from './refs.ts'
import type { AwsSsmSettings } from './settings.ts'

/**
 * Bytes of one answer. A parameter has at most 8 KiB and an answer at most 10 of them; six bytes of JSON may
 * stand for one. A server of the same protocol may keep more.
 */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Opens a client of the AWS Parameter Store. */
export function openAwsSsm(settings: AwsSsmSettings, deps: ProviderDeps, instance: string): ProviderClient {
  return openAwsProvider<ParameterReader>(settings, deps, instance, {
    service: { name: 'ssm', target: 'AmazonSSM', maxBytes: MAX_ANSWER_BYTES },
    batch: (regionOf, { refs, signal }) =>
      createParameterReader({ regionOf, references: refs.map(parameterOf), signal }),
    fetchOne,
    async probe(reader) {
      try {
        await reader.read({ name: 'locket-probe-of-the-credentials' })
      } catch (thrown) {
        // The credentials are good if the service says that there is no such parameter, or that it is not
        // theirs.
        if (isLocketError(thrown) && (thrown.code === 'not_found' || thrown.code === 'denied')) return
        throw thrown
      }
    },
  })
}

async function fetchOne(ref: SecretRef, reader: ParameterReader): Promise<Resolved> {
  const parameter = parameterOf(ref)
  if (parameter.isFolder === true) {
    const found = await reader.list(parameter)
    const { length } = parameter.name
    return { value: packFields(found.map(({ name, value }) => [name.slice(length), Secret.fromText(value)])) }
  }
  const { value, version } = await reader.read(parameter)
  const what = `parameter ${parameter.name}`
  const secret = chooseField(new TextEncoder().encode(value), parameter, what)
  return { value: secret, ...(version === undefined ? {} : { version }) }
}

function parameterOf(ref: SecretRef) {
  return ownReference(ref, parseParameter)
}
