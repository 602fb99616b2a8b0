import { matchesGlob } from '../text/glob.ts'
import { LocketError } from '../vocabulary/errors.ts'

/** A condition on volumes: a pattern of the name, or a label with any value or one value. */
export type VolumeFilter =
  | { readonly name: string }
  | { readonly label: string; readonly value: string | undefined }

const STACK_LABEL = 'com.docker.stack.namespace'

/** Reads `name=PATTERN`, `stack=NAME`, `label=KEY` or `label=KEY=VALUE`. Throws `usage`. */
export function parseVolumeFilter(text: string): VolumeFilter {
  const [kind, content = '', ...more] = text.split('=')
  const value = more.length === 0 ? undefined : more.join('=')
  if (content !== '' && kind === 'label') return { label: content, value }
  if (content !== '' && value === undefined) {
    if (kind === 'name') return { name: content }
    if (kind === 'stack') return { label: STACK_LABEL, value: content }
  }
  throw new LocketError('usage', `--filter "${text}" is not understood`, {
    hint: 'write name=PATTERN, stack=NAME, label=KEY or label=KEY=VALUE',
  })
}

/** True when a volume fits all filters. */
export function fitsFilters(
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
  filters: readonly VolumeFilter[],
): boolean {
  return filters.every((filter) => {
    if ('name' in filter) return matchesGlob(filter.name, name)
    if (!Object.hasOwn(labels, filter.label)) return false
    return filter.value === undefined || labels[filter.label] === filter.value
  })
}
