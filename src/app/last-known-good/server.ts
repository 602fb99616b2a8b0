import type { ProviderInstance } from '../../providers/define.ts'

/**
 * Returns one text for each provider instance and server. A cached value is bound to it: after a change of
 * the address or the namespace, no value of the old place is used. A new credential for the same place
 * changes nothing.
 */
export function serverOf({ name, def, settings }: ProviderInstance): string {
  const given = Object.entries(def.settings.fields).flatMap(([key, field]) => {
    const isPlace = field.needsCredential !== undefined || field.default === undefined
    if (!isPlace || field.credential === true || field.onlyParses === true) return []
    return settings[key] === undefined ? [] : [[field.name, settings[key]]]
  })
  const place = def.place?.(settings)
  return JSON.stringify([name, def.kind, given, ...(place === undefined ? [] : [place])])
}
