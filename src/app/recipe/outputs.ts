import { liesUnder } from '../../core/plan/paths.ts'
import { LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import { fileOfField } from '../../core/plan/field-names.ts'
import { collisions } from '../../core/plan/plan.ts'
import {
  checkPlaces,
  outputPaths,
  planOutputs,
  planStreams,
  sourcePaths,
  type Outputs,
  type PlannedOutput,
  type PlannedStream,
} from '../../core/plan/output-plan.ts'
import type { SourceListing, SourceTrees } from '../../core/ports/files.ts'
import type { Template } from '../../core/template/template.ts'
import type { Machine } from '../machine.ts'
import { allRefOf, hasStar, spreadTemplates, starErrors } from './fields.ts'
import { readTemplates, type TemplateRules } from './read-templates.ts'
import { NO_REFERENCE, recipeOf, type FieldsOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/** A template that becomes a file at a place that the user named. */
export interface OutputTemplate extends PreparedTemplate, PlannedOutput {
  readonly template: Template
  /** The place of the `*` reference that this file is a field of. */
  readonly spreadFrom?: string
}

/** The templates of all outputs, and the sources that are missing. `templates` are those of both kinds. */
export interface PreparedOutputs extends Recipe<PreparedTemplate> {
  readonly files: readonly OutputTemplate[]
  /** The template that is written to standard output, if there is one. */
  readonly streamed: readonly PreparedTemplate[]
  /** The outputs that `choose` left out. Their templates were not read. */
  readonly untouched: readonly PlannedOutput[]
  /** Paths of sources that the user named and that do not exist. */
  readonly missing: readonly string[]
}

/** Returns those outputs that are to be rendered. */
type Choose = (planned: readonly PlannedOutput[]) => readonly PlannedOutput[]

/**
 * The rules for reading outputs. `taken`: other files that the command writes, which no output may replace.
 */
export interface PrepareRules extends TemplateRules {
  readonly taken?: readonly { readonly path: string; readonly origin: string }[]
}

/**
 * Decides which files come from which templates, and reads and parses the templates. No provider is asked and
 * nothing is written. `choose`: leaves out outputs that are in place already. Rejects with `plan_conflict`,
 * if possible before it reads the disk, or with one error that names all unusable templates.
 */
export async function prepareOutputs(
  outputs: Outputs,
  rules: PrepareRules,
  { sources, trees }: Pick<Machine, 'sources' | 'trees'>,
  choose: Choose = (planned) => planned,
): Promise<PreparedOutputs> {
  checkPlaces(outputs)
  const real = await checkRealPlaces(outputs, trees)
  const found = await findSources(outputs, trees)
  const isMissing = ({ source }: PlannedOutput) =>
    source.kind === 'file' && found.get(source.path)?.kind === 'missing'
  const planned = planOutputs(outputs, found, rules.taken).filter((output) => !isMissing(output))
  await checkTaken(rules.taken ?? [], planned, { outputs, trees, real })
  const chosen = new Set(choose(planned))
  const all: readonly (PlannedOutput | PlannedStream)[] = [...chosen, ...planStreams(outputs, found)]
  const { templates, errors } = await readTemplates(all, rules, sources)
  throwErrors([...errors, ...starErrors(templates.filter(isNamed)), ...templates.flatMap(starInMap)])
  const missing = [...found].flatMap(([path, { kind }]) => (kind === 'missing' ? [path] : []))
  const files = filesOf(templates)
  const streamed = templates.filter((template) => !('target' in template))
  const warnings = [...emptyFolders(found), ...templates.flatMap(plainText)]
  const untouched = planned.filter((output) => !chosen.has(output))
  const recipe = recipeOf<PreparedTemplate>(templates, warnings)
  const prepared = { ...recipe, files, streamed, untouched, missing }
  if (!hasStar(templates)) return prepared
  const spread = (fieldsOf: FieldsOf) => [...spreadOutputs(files, fieldsOf, rules.taken), ...streamed]
  return { ...prepared, spread }
}

/** Returns those of the templates that become files. */
export function filesOf(templates: readonly PreparedTemplate[]): readonly OutputTemplate[] {
  return templates.filter(isFile)
}

function isFile(template: PreparedTemplate): template is OutputTemplate {
  return 'target' in template
}

function spreadOutputs(
  templates: readonly OutputTemplate[],
  fieldsOf: FieldsOf,
  taken: PrepareRules['taken'] = [],
): readonly OutputTemplate[] {
  const outputs = spreadTemplates({
    templates,
    fieldsOf,
    place: ({ name = '' }, field) => fileOfField(name, field),
    make(output, name) {
      const { path, target } = output
      const replaced = (place: string) =>
        `${place.slice(0, place.length - (output.name ?? '').length)}${name}`
      return { ...output, path: replaced(path), target: replaced(target), spreadFrom: target }
    },
  })
  const problems = collisions([...outputs.map(({ target, origin }) => ({ path: target, origin })), ...taken])
  if (problems.length > 0) throw new LocketError('plan_conflict', problems.join('; '))
  return outputs
}

/** True for the file of a secret, which has a name; false for the output of a map. */
function isNamed(output: PreparedTemplate): output is OutputTemplate & { readonly name: string } {
  return isFile(output) && output.name !== undefined
}

function starInMap(output: PreparedTemplate): LocketError[] {
  const ref = allRefOf(output)
  if (ref === undefined || isNamed(output)) return []
  const reason = `the reference ${ref.text} gives several values, and a template of a map is one file`
  return [
    new LocketError('plan_conflict', reason, {
      hint: 'write --secret NAME/*=REFERENCE, which makes one file for each field',
      facts: { origin: output.origin, references: [ref.text] },
      names: ['references'],
    }),
  ]
}

/** Throws `io` when a source that the user named does not exist. */
export function requireSources({ missing }: PreparedOutputs): void {
  throwErrors(
    missing.map(
      (path) =>
        new LocketError('io', `the template ${path} does not exist`, {
          facts: { path },
          names: ['path'],
          hint: 'a relative path begins in the working directory; a container sees only what is mounted into it',
        }),
    ),
  )
}

/**
 * Returns the real path of each path. Throws `plan_conflict` when a link leads one path into another; the
 * paths themselves were checked before.
 */
async function checkRealPlaces(outputs: Outputs, trees: SourceTrees): Promise<ReadonlyMap<string, string>> {
  const paths = [...new Set([...sourcePaths(outputs), ...outputPaths(outputs)])]
  const real = new Map<string, string>()
  for (const path of paths) real.set(path, await trees.realPath(path))
  checkPlaces(outputs, (path) => real.get(path) ?? path)
  return real
}

/**
 * Throws `plan_conflict` when a file of the command itself is also an output or a template, under any name or
 * link.
 */
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

/** Warns of a named secret whose text has no reference: the user may have forgotten the braces. */
function plainText({ source, template, origin }: PlannedStream & PreparedTemplate): string[] {
  return source.kind === 'inline' && template.refs.length === 0 ? [`${NO_REFERENCE} in ${origin}`] : []
}

function emptyFolders(found: ReadonlyMap<string, SourceListing>): string[] {
  return [...found].flatMap(([path, listing]) =>
    listing.kind === 'folder' && listing.files.length === 0 ? [`${path} holds no templates`] : [],
  )
}
