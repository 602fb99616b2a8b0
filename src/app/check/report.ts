import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { FileReport } from './files.ts'
import type { SwarmCheckReport } from './swarm.ts'

/** The result of a check. It holds no value. */
export interface CheckReport {
  /** The configuration files that were read. */
  readonly configFiles: readonly string[]
  readonly config: readonly LocketError[]
  /** Warnings about the configuration, one line each. */
  readonly warnings: readonly string[]
  readonly files: readonly FileReport[]
  /** The Swarm, when it was asked for. */
  readonly swarm?: SwarmCheckReport
  /** One line for each thing that was looked for and is not there. */
  readonly notes: readonly string[]
  /** The providers that were asked. */
  readonly providers: readonly ProviderReport[]
  readonly references: readonly ReferenceReport[]
  /** True: a warning makes the report bad, as a problem does. */
  readonly strict: boolean
}

/** The answer of one provider to a probe. */
interface ProviderReport {
  /** Name of the instance, with its file and volume when it is not the daemon's own. */
  readonly name: string
  /** Undefined: the probe succeeded. */
  readonly error?: LocketError
  readonly ms: number
}

/** The result for one reference. */
export interface ReferenceReport {
  readonly text: string
  readonly provider: string
  readonly where: readonly string[]
  /** Undefined: the reference was not asked for. */
  readonly result?: {
    /** Undefined: there is a value. */
    readonly error?: LocketError
    /** There is no such secret, and every tag has a default. */
    readonly usesDefault: boolean
    /** The number of fields of a `*` reference. */
    readonly fields?: number
    /** Milliseconds of the provider's whole batch. */
    readonly ms: number
  }
}

/** Returns all errors of a report in the order in which a reader meets them. */
export function errorsOf(report: CheckReport): readonly LocketError[] {
  return [
    ...report.config,
    ...(report.swarm?.problems ?? []),
    ...report.files.flatMap((file) => file.problems),
    ...report.providers.flatMap(({ error }) => error ?? []),
    ...report.references.flatMap((reference) => referenceFailure(reference) ?? []),
  ]
}

/** Returns the number of warnings of a report. */
export function warningCount({ warnings, files, swarm }: CheckReport): number {
  const first = warnings.length + (swarm?.warnings.length ?? 0)
  return files.reduce((sum, file) => sum + file.warnings.length, first)
}

/** True when there is no problem, and no warning either where that counts. */
export function isGood(report: CheckReport): boolean {
  return errorsOf(report).length === 0 && (!report.strict || warningCount(report) === 0)
}

/** Returns the failure of a reference; undefined when it is good or was not asked for. */
export function referenceFailure({ result }: ReferenceReport): LocketError | undefined {
  return result === undefined || result.usesDefault ? undefined : result.error
}
