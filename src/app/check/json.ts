import { formatError, onOneLine, type LocketError } from '../../core/vocabulary/errors.ts'
import { isGood, referenceFailure, type CheckReport, type ReferenceReport } from './report.ts'
import type { SwarmCheckReport } from './swarm.ts'

/**
 * Returns the report as one JSON document, for programs. Its `ok` is true when the exit code is 0. `ok` is
 * missing for references that were not asked for; `ms` of a reference is that of its provider's whole batch.
 */
export function checkJson(report: CheckReport): string {
  const document = {
    ok: isGood(report),
    configFiles: report.configFiles.map(onOneLine),
    config: report.config.map((error) => formatError(error)),
    warnings: report.warnings.map(onOneLine),
    files: report.files.map(({ file, kind, problems, warnings }) => ({
      file: onOneLine(file),
      kind,
      problems: problems.map((error) => formatError(error, { origin: file, path: file })),
      warnings: warnings.map(onOneLine),
    })),
    ...(report.swarm === undefined ? {} : { swarm: swarmParts(report.swarm) }),
    providers: report.providers.map(({ name, error, ms }) => ({
      name: onOneLine(name),
      ok: error === undefined,
      ...errorParts(error),
      ms,
    })),
    references: report.references.map(referenceParts),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function swarmParts({ managers, build, settings, secrets, problems, warnings }: SwarmCheckReport): object {
  return {
    managers: managers.map(({ id, name, ...rest }) => ({
      id: onOneLine(id),
      name: onOneLine(name),
      ...rest,
    })),
    ...(build === undefined ? {} : { build, settings }),
    secrets,
    problems: problems.map((error) => formatError(error)),
    warnings: warnings.map(onOneLine),
  }
}

function referenceParts(reference: ReferenceReport): object {
  const { text, provider, where, result } = reference
  const plain = { reference: onOneLine(text), provider: onOneLine(provider), where: where.map(onOneLine) }
  if (result === undefined) return plain
  const failure = referenceFailure(reference)
  return {
    ...plain,
    ok: failure === undefined,
    ...(result.usesDefault ? { usesDefault: true } : {}),
    ...(result.fields === undefined ? {} : { fields: result.fields }),
    ...errorParts(failure),
    ms: result.ms,
  }
}

function errorParts(error: LocketError | undefined): object {
  if (error === undefined) return {}
  const { code, message, hint } = error
  return { code, error: onOneLine(message), ...(hint === undefined ? {} : { hint: onOneLine(hint) }) }
}
