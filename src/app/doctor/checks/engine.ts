import { failed, noted, ok, type DoctorCheck } from '../finding.ts'

/** The Docker Engine, and its version. */
export const checkEngine: DoctorCheck = async ({ host, dockerSocket }, signal) => {
  if ((await host.access(dockerSocket)) === undefined)
    return [
      noted(
        `there is no Docker Engine at ${dockerSocket}`,
        'start it (systemctl start docker), or name its socket with --docker-socket; commands such as exec need none',
      ),
    ]
  try {
    return [ok(`Docker Engine ${await host.engineVersion(signal)} answers at ${dockerSocket}`)]
  } catch (thrown) {
    return [failed(thrown, 'look at systemctl status docker, and run this command as root')]
  }
}
