import { storeOf, type StorePaths } from '../../config/init/setup.ts'
import type { LogConfig } from '../../config/volume/volume-config.ts'
import { parseSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { Prompt } from '../terminal/prompt.ts'
import { askTwice } from '../terminal/secret-value.ts'
import type { Interview } from './interview.ts'

/** A secret to store in the embedded store. The holder must wipe the value. */
export interface FirstSecret {
  readonly store: StorePaths
  readonly name: SecretName
  readonly value: Secret
}

/** Returns the name in a reference of the embedded store. */
export function nameOfSecret(reference: string): SecretName {
  return parseSecretName(reference)
}

/**
 * Asks for the value of the secret that the user named, if the embedded store does not have it. Resolves with
 * undefined for another provider, and for an empty value.
 */
export async function askFirstSecret(
  { setup, reference }: Interview,
  prompt: Prompt,
  log: LogConfig,
): Promise<FirstSecret | undefined> {
  const store = storeOf(setup)
  if (store === undefined || reference === undefined) return undefined
  const name = nameOfSecret(reference)
  const { openCommandEvents, openLocalSecrets } = await import('../../wire.ts')
  const stored = await openLocalSecrets(store, openCommandEvents(log)).list()
  if (stored.some((secret) => secret.name === name)) return undefined
  const value = await askTwice(name, prompt)
  if (value.byteLength > 0) return { store, name, value }
  return undefined
}
