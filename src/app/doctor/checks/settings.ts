import { ok, problem, type DoctorCheck } from '../finding.ts'

/** The settings that the daemon of this machine would read. */
export const checkSettings: DoctorCheck = async ({ problems, configFiles }) => {
  if (problems.length > 0)
    return problems.map((line) =>
      problem(line, 'correct it, then run `locket check`, and restart the daemon'),
    )
  return [
    ok(configFiles.length === 0 ? 'no configuration file here' : `${configFiles.join(', ')}: no mistake`),
  ]
}
