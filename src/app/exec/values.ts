import type { EnvEntry } from '../../config/entries/env-entry.ts'
import { formatError } from '../../core/vocabulary/errors.ts'
import type { Fingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { Outputs } from '../../core/plan/output-plan.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { ChildOptions } from '../../core/ports/process.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import { openDeadline } from '../render/deadline.ts'
import { environmentOf, prepareEnvironment, type PreparedVariable } from '../recipe/environment.ts'
import type { ExecFiles } from './files.ts'
import { maskTemplates, type Masking } from './masking.ts'
import {
  prepareOutputs,
  requireSources,
  type MaterializeDeps,
  type OutputTemplate,
} from '../recipe/materialize.ts'
import type { TemplateRules } from '../recipe/prepare.ts'
import { renderTemplates, warningsOf, type PreparedTemplate, type Rendered } from '../render/render.ts'

export interface ValuesConfig {
  readonly entries: readonly EnvEntry[]
  readonly outputs: Outputs
  /** What the command has of the environment of this process. */
  readonly inherited: ChildOptions['env']
  readonly rules: TemplateRules
}

export interface ValuesDeps extends MaterializeDeps {
  readonly resolve: Resolve
  readonly clock: Clock
  readonly emit: Emit
}

/** For one rendering, all providers together. */
const DEADLINE_MS = 30_000

/** All that the references gave. Whoever holds it wipes it. */
export interface Gathered {
  readonly variables: readonly PreparedVariable[]
  readonly outputs: readonly OutputTemplate[]
  readonly rendered: Rendered<PreparedTemplate>
}

/** Reads every file, and fetches all references of variables and files as one batch. Nothing is written. */
export async function gatherValues(
  { entries, outputs, rules }: ValuesConfig,
  deps: ValuesDeps,
  { policy, isMasked, signal }: GatherOptions,
): Promise<Gathered> {
  const variables = await prepareEnvironment(entries, rules, deps.sources)
  const prepared = await prepareOutputs(outputs, rules, deps)
  requireSources(prepared)
  for (const warning of [...variables.flatMap(warningsOf), ...prepared.warnings])
    deps.emit('exec.warning', { warning })
  const templates = [...variables, ...prepared.templates]
  const all = isMasked ? [...templates, ...maskTemplates(templates)] : templates
  using deadline = openDeadline(DEADLINE_MS, deps.clock, signal)
  const { maxFileBytes } = rules
  const rendered = await renderTemplates(
    all,
    deps.resolve,
    { policy, maxFileBytes, awaitsCredentials: false },
    deps,
    deadline.signal,
  )
  if (rendered.unresolved !== undefined)
    deps.emit('exec.unresolved', {
      left: LEFT[policy],
      policy,
      error: formatError(rendered.unresolved),
    })
  return { variables, outputs: prepared.templates, rendered }
}

export interface GatherOptions {
  readonly policy: FailurePolicy
  readonly isMasked: boolean
  readonly signal: AbortSignal
}

const LEFT: Readonly<Record<FailurePolicy, string>> = {
  error: 'nothing is started',
  ignore: 'their variables and files are left out',
  passthrough: 'their tags are passed on as they stand',
}

/** What a command is started with. */
export interface Handed {
  readonly env: ChildOptions['env']
  /** Of its variables: another one, another environment. Empty when nobody compares. */
  readonly fingerprint: string
  readonly changedFiles: number
}

export interface Receivers {
  readonly files: ExecFiles
  readonly masking: Masking | undefined
  /** Undefined when nobody compares. */
  readonly fingerprints: Fingerprints | undefined
}

/** Writes the files and makes the environment; the values are wiped, whatever happens. Nothing is written when a value fits no environment. */
export async function handOver(
  { variables, outputs, rendered }: Gathered,
  { inherited }: ValuesConfig,
  { files, masking, fingerprints }: Receivers,
): Promise<Handed> {
  try {
    const values = variables.flatMap((variable) => entryOf(variable, rendered.contents))
    const env = { ...inherited, ...Object.fromEntries(environmentOf(values)) }
    const byName = values.toSorted(([{ name: a }], [{ name: b }]) => (a < b ? -1 : 1))
    const fingerprint = fingerprints?.of(byName.map(([{ name }, value]) => [name, value])) ?? ''
    masking?.learn(secretsOf({ variables, outputs, rendered }))
    const { changed } = await files.place(outputs, rendered.contents)
    return { env, fingerprint, changedFiles: changed }
  } finally {
    rendered.wipe()
  }
}

function entryOf(
  variable: PreparedVariable,
  contents: Rendered<PreparedTemplate>['contents'],
): (readonly [PreparedVariable, Secret])[] {
  const value = contents.get(variable)
  return value === undefined ? [] : [[variable, value]]
}

/** What each tag gave. A tag that was passed on as it stands is no secret. */
function secretsOf({ variables, outputs, rendered }: Gathered): (readonly [PreparedTemplate, Secret])[] {
  const whole = new Set<PreparedTemplate>([...variables, ...outputs])
  return [...rendered.contents].filter(
    ([template]) => !whole.has(template) && !rendered.incomplete.has(template),
  )
}
