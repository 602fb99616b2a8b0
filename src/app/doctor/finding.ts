import { toLocketError } from '../../core/vocabulary/errors.ts'
import type { HostView } from '../../core/volume/host-view.ts'

/** `note`: worth knowing. `problem`: something fails because of it, and the exit code is 1. */
type FindingLevel = 'ok' | 'note' | 'problem'

/** One sentence of a check. It holds no value. */
export interface Finding {
  readonly level: FindingLevel
  readonly text: string
  /** The action that helps. Missing where nothing is wrong. */
  readonly cure?: string | undefined
}

/** The machine and the settings that the checks look at. */
export interface Patient {
  readonly host: HostView
  readonly env: Readonly<Record<string, string | undefined>>
  /** The path of the engine's socket, of the plugin's socket, and the name of the plugin. */
  readonly dockerSocket: string
  readonly pluginSocket: string
  readonly driver: string
  /** Problems of the settings, one line each. */
  readonly problems: readonly string[]
  readonly configFiles: readonly string[]
  /** The folder of the configuration on this machine. */
  readonly folder: string
}

/** Looks at one thing. It may reject: that is a problem too. */
export type DoctorCheck = (patient: Patient, signal: AbortSignal) => Promise<readonly Finding[]>

export const ok = (text: string): Finding => ({ level: 'ok', text })
export const noted = (text: string, cure: string): Finding => ({ level: 'note', text, cure })
export const problem = (text: string, cure: string | undefined): Finding => ({ level: 'problem', text, cure })

/** Returns the finding of an error, with its hint as the cure. */
export function failed(thrown: unknown, cure?: string): Finding {
  const error = toLocketError(thrown)
  return problem(error.message, error.hint ?? cure)
}
