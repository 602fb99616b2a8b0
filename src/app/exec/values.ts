import type { EnvEntry } from '../../config/entries/env-entry.ts'
import { formatError } from '../../core/vocabulary/errors.ts'
import type { Outputs } from '../../core/plan/output-plan.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import type { Machine } from '../machine.ts'
import { environmentFiles, prepareEnvironment, type VariableRules } from '../recipe/environment.ts'
import { filesOf, prepareOutputs, requireSources } from '../recipe/outputs.ts'
import type { PreparedTemplate, Recipe } from '../recipe/recipe.ts'
import { RENDER_TIMEOUT_MS } from '../render/deadline.ts'
import { render } from '../render/render.ts'
import type { NewLines } from '../renewal/new-lines.ts'
import type { Delivery } from '../renewal/touched.ts'
import type { ChildSink, ForChild, Handed } from '../sinks/child.ts'
import { maskTemplates, type Masking } from './masking.ts'

/** The variables and files that a command gets. */
export interface ValuesConfig {
  readonly entries: readonly EnvEntry[]
  readonly outputs: Outputs
  readonly rules: VariableRules
  /** True: the values are masked in the command's output. */
  readonly mask: boolean
}

/** The ports that `gatherValues` needs. */
export type ValuesDeps = Pick<Machine, 'sources' | 'trees' | 'resolve' | 'clock' | 'emit'>

/** How values are gathered. */
interface GatherOptions {
  readonly policy: FailurePolicy
  readonly signal: AbortSignal
  /** True: the requests are patient, and have no deadline together. */
  readonly isRefresh?: boolean
  /** Drops the warnings about templates that were logged the time before. */
  readonly newLines: NewLines
  readonly delivery: Delivery
}

type Wanted = Pick<ForChild, 'variables' | 'outputs'>

/**
 * Reads the files that were touched, and fetches all their references as one batch. The variables are one
 * whole: they are left out unless one of their files was touched. Nothing is written.
 * Rejects with one error that names everything that failed. The caller must wipe `rendered`.
 */
export async function gatherValues(
  { entries, outputs, rules, mask }: ValuesConfig,
  deps: ValuesDeps,
  { policy, signal, newLines, delivery, isRefresh = false }: GatherOptions,
): Promise<ForChild> {
  const { emit, resolve, clock } = deps
  const environment = delivery.concerns(environmentFiles(entries))
    ? await prepareEnvironment(entries, rules, deps.sources)
    : undefined
  const prepared = await prepareOutputs(outputs, rules, deps, delivery.choose)
  requireSources(prepared)
  for (const warning of newLines([...(environment?.warnings ?? []), ...prepared.warnings]))
    emit('exec.warning', { warning })
  const wanted = { variables: environment?.templates, outputs: prepared.files }
  const all = ({ variables = [], outputs: files }: Wanted): readonly PreparedTemplate[] => {
    const templates = [...variables, ...files]
    return mask ? [...templates, ...maskTemplates(templates)] : templates
  }
  let delivered: Wanted = wanted
  const spread: Recipe<PreparedTemplate>['spread'] = (fieldsOf) => {
    delivered = {
      variables: environment?.spread?.(fieldsOf) ?? wanted.variables,
      outputs: prepared.spread === undefined ? wanted.outputs : filesOf(prepared.spread(fieldsOf)),
    }
    return all(delivered)
  }
  const rendered = await render<PreparedTemplate>(
    { templates: all(wanted), spread },
    {
      policy,
      maxFileBytes: rules.maxFileBytes,
      resolve,
      clock,
      signal,
      ...(isRefresh ? {} : { timeoutMs: RENDER_TIMEOUT_MS }),
      emit,
    },
  )
  if (rendered.unresolved !== undefined)
    emit('exec.unresolved', { left: LEFT[policy], policy, error: formatError(rendered.unresolved) })
  return { ...delivered, untouched: prepared.untouched, rendered }
}

const LEFT: Readonly<Record<FailurePolicy, string>> = {
  error: 'nothing is started',
  ignore: 'their variables and files are left out',
  passthrough: 'their tags are passed on unchanged',
}

/** Writes the files and makes the environment. Wipes the values, also when it rejects. */
export async function handOver(
  given: ForChild,
  child: ChildSink,
  masking: Masking | undefined,
): Promise<Handed> {
  try {
    masking?.learn(secretsOf(given))
    return await child.put(given)
  } finally {
    given.rendered.wipe()
  }
}

/** Returns the value of each tag. A tag that the failure policy passed on is not a secret. */
function secretsOf({ variables = [], outputs, rendered }: ForChild): (readonly [PreparedTemplate, Secret])[] {
  const whole = new Set<PreparedTemplate>([...variables, ...outputs])
  return [...rendered.contents].filter(
    ([template]) => !whole.has(template) && !rendered.incomplete.has(template),
  )
}
