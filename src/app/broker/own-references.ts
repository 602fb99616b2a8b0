import { vaultIdOf } from '../../core/broker/identity-file.ts'
import type { ParseRef } from '../../core/template/template.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { refVia, type SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderInstance } from '../../providers/define.ts'

/**
 * Returns a parser that refuses, with `config`, a reference to this broker itself: it would ask itself for
 * the value until the request runs out of time. A reference to another broker gets the name of this one, so
 * that the other one can refuse a reference that leads back. `serverKey`: the public key of this broker, as
 * identities hold it. The identity file is read each time, because it can be replaced.
 */
export function refuseOwn(
  parseRef: ParseRef,
  providers: readonly ProviderInstance[],
  serverKey: string,
): ParseRef {
  const own = vaultIdOf(Buffer.from(serverKey, 'base64'))
  return (text) => {
    const ref = parseRef(text)
    const instance = ref && providers.find(({ name, def }) => name === ref.provider && def.kind === 'locket')
    if (ref === undefined || instance === undefined) return ref
    const place = instance.def.place?.(instance.settings)
    if (place?.includes(JSON.stringify(serverKey)) !== true) return refVia(ref, [own])
    throw new LocketError('config', `${ref.text} leads back to this broker`, {
      hint: 'give the reference of the secret manager that has the value',
    })
  }
}

/**
 * Returns the reference for a question that has come through the brokers `via`. Throws `cycle` if one of
 * them is this broker, whose name is `own`: each would wait for the other.
 */
export function cameThrough(ref: SecretRef, via: readonly string[], own: string): SecretRef {
  if (via.includes(own))
    throw new LocketError('cycle', `${ref.text}: the question came through this broker before`, {
      hint: `references of the brokers ${via.join(' and ')} lead to each other: give one of them that of a secret manager`,
    })
  return ref.via === undefined || via.length === 0 ? ref : refVia(ref, [...via, own])
}
