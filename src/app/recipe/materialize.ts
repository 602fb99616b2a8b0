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
import type {
  Placed,
  PlacedFiles,
  PlaceOptions,
  SourceFiles,
  SourceListing,
  SourceTrees,
} from '../../core/ports/files.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { Template } from '../../core/template/template.ts'
import { NO_REFERENCE, readTemplate, type TemplateRules } from './prepare.ts'
import { warningsOf, type PreparedTemplate } from '../render/render.ts'

export interface MaterializeDeps {
  readonly sources: SourceFiles
  readonly trees: SourceTrees
  readonly placed: PlacedFiles
}

/** A template that becomes a file at a place of its user's. */
export interface OutputTemplate extends PreparedTemplate, PlannedOutput {
  readonly template: Template
}

export interface PreparedOutputs {
  readonly templates: readonly OutputTemplate[]
  /** Sources that are not there, each named by its user. */
  readonly missing: readonly string[]
  /** One line each: tags that look like a mistake, folders without templates. */
  readonly warnings: readonly string[]
}

/** `taken`: other files that the command writes, for collisions. */
export interface PrepareRules extends TemplateRules {
  readonly taken?: readonly { readonly path: string; readonly origin: string }[]
}

/**
 * Which files come from which templates, the templates read and parsed: all that can be known without a provider. Nothing is written.
 * Throws `plan_conflict`, before the disk is looked at where that can be, or one error of all templates that cannot be used.
 */
export async function prepareOutputs(
  outputs: Outputs,
  rules: PrepareRules,
  { sources, trees }: Pick<MaterializeDeps, 'sources' | 'trees'>,
): Promise<PreparedOutputs> {
  checkPlaces(outputs)
  const real = await checkRealPlaces(outputs, trees)
  const found = await findSources(outputs, trees)
  const isMissing = ({ source }: PlannedOutput) =>
    source.kind === 'file' && found.get(source.path)?.kind === 'missing'
  const planned = planOutputs(outputs, found, rules.taken).filter((output) => !isMissing(output))
  await checkTaken(rules.taken ?? [], planned, { outputs, trees, real })
  const templates = await readAll(planned, rules, sources)
  const missing = [...found].flatMap(([path, { kind }]) => (kind === 'missing' ? [path] : []))
  const warnings = [...emptyFolders(found), ...templates.flatMap(plainText), ...templates.flatMap(warningsOf)]
  return { templates, missing, warnings }
}

/** Writes what was rendered. `contents` may hold others' templates too: they are left alone. */
export async function placeOutputs(
  templates: readonly OutputTemplate[],
  contents: ReadonlyMap<PreparedTemplate, Secret>,
  options: PlaceOptions,
  { placed }: Pick<MaterializeDeps, 'placed'>,
): Promise<Placed> {
  const files = templates.flatMap((template) => {
    const content = contents.get(template)
    return content === undefined ? [] : [{ folder: template.folder, path: template.path, content }]
  })
  return placed.write(files, options)
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

/** What the paths say is checked first; links may still lead one into the other. Where each path leads. */
async function checkRealPlaces(outputs: Outputs, trees: SourceTrees): Promise<ReadonlyMap<string, string>> {
  const paths = [...new Set([...sourcePaths(outputs), ...outputPaths(outputs)])]
  const real = new Map<string, string>()
  for (const path of paths) real.set(path, await trees.realPath(path))
  checkPlaces(outputs, (path) => real.get(path) ?? path)
  return real
}

/** A file of the command's own is neither an output nor a template, by whatever name or link. */
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

/** Each is a dozen calls to the system: this keeps Node's four threads for files busy. */
const AT_ONCE = 16

/** In the order of the plan. */
async function readAll(
  planned: readonly PlannedOutput[],
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<readonly OutputTemplate[]> {
  const read = new Map<PlannedOutput, OutputTemplate>()
  const errors: LocketError[] = []
  const waiting = planned.values()
  async function worker(): Promise<void> {
    for (const output of waiting) {
      try {
        read.set(output, { ...output, template: await readTemplate(output, rules, sources) })
      } catch (thrown) {
        errors.push(toLocketError(thrown))
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  throwErrors(errors)
  return planned.flatMap((output) => read.get(output) ?? [])
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
