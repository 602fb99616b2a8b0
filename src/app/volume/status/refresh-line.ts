import { formatDuration } from '../../../core/text/units.ts'
import type { RefreshPlan } from '../../renewal/refresh-plan.ts'
import type { Pace } from '../../renewal/stretch.ts'

/** Returns the function that makes the line of Status; undefined for a volume that only follows templates. */
export function refreshLine(
  { everyMs, files }: RefreshPlan,
  schedule: () => { readonly nextInMs: number; readonly pace: Pace | undefined; readonly isTold: boolean },
): (() => string) | undefined {
  const changes = files.length === 0 ? [] : [`when ${files.join(' or ')} changes`]
  if (everyMs === undefined) return changes.length === 0 ? undefined : () => changes.join('')
  return () => {
    const { nextInMs, pace, isTold } = schedule()
    if (isTold) return ['when the provider tells a change', ...changes].join(', and ')
    const next = formatDuration(Math.ceil(nextInMs / 1000) * 1000)
    const every = `every ${formatDuration(everyMs)}${stretchNote(pace)}`
    return [`${every}, next in ${next}`, ...changes].join(', and ')
  }
}

function stretchNote(pace: Pace | undefined): string {
  const stretched = pace?.stretched()
  if (stretched === undefined) return ''
  const { toMs, by } = stretched
  return ` (stretched to ${formatDuration(toMs)}${by === undefined ? '' : ` by ${by.setting}`})`
}
