import type { ParseRef } from '../../core/template/template.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderInstance } from '../../providers/define.ts'

/**
 * Returns a parser that refuses, with `config`, a reference to this broker itself: it would ask itself for
 * the value until the request runs out of time. `serverKey`: the public key of this broker, as identities
 * hold it. The identity file is read each time, because it can be replaced.
 */
export function refuseOwn(
  parseRef: ParseRef,
  providers: readonly ProviderInstance[],
  serverKey: string,
): ParseRef {
  return (text) => {
    const ref = parseRef(text)
    const instance = ref && providers.find(({ name, def }) => name === ref.provider && def.kind === 'locket')
    const place = instance?.def.place?.(instance.settings)
    if (ref === undefined || place?.includes(JSON.stringify(serverKey)) !== true) return ref
    throw new LocketError('config', `${ref.text} leads back to this broker`, {
      hint: 'give the reference of the secret manager that has the value',
    })
  }
}
