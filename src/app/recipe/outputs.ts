import { liesUnder } from '../../core/plan/paths.ts'
import { LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import {
  checkPlaces,
  outputPaths,
  planOutputs,
  sourcePaths,
  type Outputs,
  type PlannedOutput,
} from '../../core/plan/output-plan.ts'
import type { SourceListing, SourceTrees } from '../../core/ports/files.ts'
import type { Template } from '../../core/template/template.ts'
import type { Machine } from '../machine.ts'
import { readTemplates, type TemplateRules } from './read-templates.ts'
import { NO_REFERENCE, recipeOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/** A template that becomes a file at a place that the user named. */
export interface OutputTemplate extends PreparedTemplate, PlannedOutput {
  readonly template: Template
}

export interface PreparedOutputs extends Recipe<OutputTemplate> {
  /** Paths of sources that the user named and that are not there. */
  readonly missing: readonly string[]
}

/** `taken`: other files that the command writes, for collisions. */
export interface PrepareRules extends TemplateRules {
  readonly taken?: readonly { readonly path: string; readonly origin: string }[]
}

/**
 * Finds which files come from which templates, reads and parses the templates. No provider is asked and
 * nothing is written. Throws `plan_conflict`, before it looks at the disk where that is possible, or one
 * error that names all templates that cannot be used.
 */
export async function prepareOutputs(
  outputs: Outputs,
  rules: PrepareRules,
  { sources, trees }: Pick<Machine, 'sources' | 'trees'>,
): Promise<PreparedOutputs> {
  checkPlaces(outputs)
  const real = await checkRealPlaces(outputs, trees)
  const found = await findSources(outputs, trees)
  const isMissing = ({ source }: PlannedOutput) =>
    source.kind === 'file' && found.get(source.path)?.kind === 'missing'
  const planned = planOutputs(outputs, found, rules.taken).filter((output) => !isMissing(output))
  await checkTaken(rules.taken ?? [], planned, { outputs, trees, real })
  const { templates, errors } = await readTemplates(planned, rules, sources)
  throwErrors(errors)
  const missing = [...found].flatMap(([path, { kind }]) => (kind === 'missing' ? [path] : []))
  return { ...recipeOf(templates, [...emptyFolders(found), ...templates.flatMap(plainText)]), missing }
}

/** Throws `io` when a source that the user named is not there. */
export function requireSources({ missing }: PreparedOutputs): void {
  throwErrors(
    missing.map(
      (path) =>
        new LocketError('io', `the template ${path} does not exist`, { facts: { path }, names: ['path'] }),
    ),
  )
}

/**
 * Answers where each path leads. The paths themselves were checked before; a link can still lead one into
 * another.
 */
async function checkRealPlaces(outputs: Outputs, trees: SourceTrees): Promise<ReadonlyMap<string, string>> {
  const paths = [...new Set([...sourcePaths(outputs), ...outputPaths(outputs)])]
  const real = new Map<string, string>()
  for (const path of paths) real.set(path, await trees.realPath(path))
  checkPlaces(outputs, (path) => real.get(path) ?? path)
  return real
}

/** Throws when a file of the command itself is also an output or a template, by whatever name or link. */
async function checkTaken(
  taken: NonNullable<PrepareRules['taken']>,
  planned: readonly PlannedOutput[],
  {
    outputs,
    trees,
    real,
  }: {
    readonly outputs: Outputs
    readonly trees: SourceTrees
    readonly real: ReadonlyMap<string, string>
  },
): Promise<void> {
  for (const { path, origin } of taken) {
    const own = await trees.realPath(path)
    for (const source of sourcePaths(outputs))
      if (liesUnder(own, real.get(source) ?? source))
        throw new LocketError('plan_conflict', `${origin} ${path} lies among the templates of ${source}`)
    const last = own.slice(own.lastIndexOf('/'))
    for (const { target } of planned.filter((output) => output.target.endsWith(last)))
      if ((await trees.realPath(target)) === own)
        throw new LocketError('plan_conflict', `${origin} ${path} and the output ${target} are one file`)
  }
}

async function findSources(outputs: Outputs, trees: SourceTrees): Promise<Map<string, SourceListing>> {
  const found = new Map<string, SourceListing>()
  const errors: LocketError[] = []
  for (const path of sourcePaths(outputs)) {
    try {
      found.set(path, await trees.list(path))
    } catch (thrown) {
      errors.push(toLocketError(thrown))
    }
  }
  throwErrors(errors)
  return found
}

/** A named secret whose text has no reference: its braces may have been forgotten. */
function plainText({ source, template, origin }: OutputTemplate): string[] {
  return source.kind === 'inline' && template.refs.length === 0 ? [`${NO_REFERENCE} in ${origin}`] : []
}

function emptyFolders(found: ReadonlyMap<string, SourceListing>): string[] {
  return [...found].flatMap(([path, listing]) =>
    listing.kind === 'folder' && listing.files.length === 0 ? [`${path} holds no templates`] : [],
  )
}
