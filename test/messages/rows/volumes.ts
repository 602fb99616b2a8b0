import { TAG, type VolumeSlip } from '../slip.ts'

function option(
  name: string,
  value: string,
  says: Omit<VolumeSlip, 'mistake' | 'opts' | 'where'>,
): VolumeSlip {
  const mistake = `${name}: ${value}`
  return { mistake, opts: { 'secret.a': TAG, [name]: value }, where: `driver option ${name}`, ...says }
}

/** Mistakes in driver options. */
export const VOLUME_SLIPS: readonly VolumeSlip[] = [
  option('siez', '1M', { what: 'is not known', why: 'not known', fix: 'did you mean size?' }),
  option('type', 'tmpfs', {
    what: 'is one of the driver local',
    why: 'locket makes the tmpfs itself',
    fix: 'size, mode',
  }),
  option('zzzzzzzzz', 'x', {
    what: 'is not known',
    why: 'not known',
    fix: 'docs/reference/options.md lists them',
  }),
  option('socket', '/x', { what: 'is a setting of the daemon', why: 'not of a volume', fix: 'leave it out' }),
  option('size', '1', {
    what: 'must be at least 4K',
    why: 'one page of memory',
    fix: 'without K, M or G is bytes',
  }),
  option('size', 'ten', { what: 'is not a valid size', why: '"ten"', fix: 'like 10M' }),
  option('size', '100G', { what: 'is 100G', why: "the operator's max-volume-size", fix: 'is 64M' }),
  option('mode', 'u=rwx', { what: 'is not a valid mode', why: '"u=rwx"', fix: 'like "0700"' }),
  option('mode', '123', { what: 'is not a valid mode', why: 'it may be octal or decimal', fix: 'in quotes' }),
  option('user', 'postgres', { what: 'is not a valid owner', why: '"postgres"', fix: 'like 1000:1000' }),
  option('watch', 'sometimes', { what: 'must be true or false', why: 'must be', fix: 'true or false' }),
  option('flags', 'rw,exce', {
    what: 'mount flag "exce" is not known',
    why: 'not known',
    fix: 'known: rw, ro',
  }),
  option('mount-timeout', '25', { what: 'is not a valid duration', why: '"25"', fix: 'like 25s' }),
  option('inject-failure-policy', 'warn', {
    what: 'must be one of',
    why: 'error, passthrough',
    fix: 'ignore',
  }),
  option('mode.a', '0440', { what: 'is not known', why: 'not known', fix: 'did you mean secret-mode.a?' }),
  option('secret-mode.b', '0440', { what: 'is for no file', why: 'no file', fix: 'did you mean a?' }),
  option('secret-mode.a', '0666', {
    what: 'must not be writable by everyone',
    why: 'a secret',
    fix: 'must not',
  }),
  option('secret.b', '/etc/locket/b', {
    what: 'to take the template',
    why: 'from that file',
    fix: 'write @/etc/',
  }),
  option('secret.b', '@./b.tmpl', { what: 'must be absolute', why: 'the path after @', fix: 'absolute' }),
  option('secret.b', '@/no/b.tmpl', {
    what: 'does not exist',
    why: '/no/b.tmpl',
    fix: 'only its config folder',
  }),
  option('secret.../b', TAG, { what: 'file name "../b"', why: 'must not hold ".."', fix: 'must not hold' }),
  option('secret.b', '{{ local://db/password | trimm }}', {
    what: 'there is no filter "trimm"',
    why: 'local://db/password',
    fix: 'did you mean trim?',
  }),
  option('secret.b', '{{ local://db/pasword }}', {
    what: 'there is no such secret',
    why: 'local://db/pasword',
    fix: 'did you mean db/password?',
    at: 'Mount',
  }),
  option('op-token', 'canary-6b1d', {
    what: 'holds a credential',
    why: '`docker volume inspect` would show',
    fix: 'write file:/path',
  }),
  option('connect-host', 'http://c:8080', {
    what: 'needs connect-token in the driver options too',
    why: "the daemon's own credential is not used",
    fix: 'connect-token',
  }),
].map((slip) => (slip.at === 'Mount' ? { ...slip, where: 'not mounted' } : slip))
