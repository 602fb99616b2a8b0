import { TAG, type Slip } from '../slip.ts'

function compose(mistake: string, text: string, says: Omit<Slip, 'mistake' | 'run'>): Slip {
  return { mistake, run: ['check', '--offline', 'compose.yaml'], files: { 'compose.yaml': text }, ...says }
}

function options(...lines: readonly string[]): string {
  return `volumes:\n  s:\n    driver: locket\n    driver_opts:\n${lines.map((line) => `      ${line}\n`).join('')}`
}

function service(...lines: readonly string[]): string {
  const given = lines.map((line) => `        ${line}\n`).join('')
  return `services:\n  v:\n    provider:\n      type: locket\n      options:\n${given}`
}

/** Mistakes in compose files, and with `check` and `compose` themselves. */
export const COMPOSE_SLIPS: readonly Slip[] = [
  {
    mistake: 'a compose file that is not there',
    run: ['check', '--offline', 'compose.yaml'],
    exit: 74,
    what: 'cannot read compose.yaml',
    where: 'compose.yaml',
    why: 'it does not exist',
    fix: 'it does not exist',
  },
  {
    mistake: 'a misspelled flag of check',
    run: ['check', '--ofline'],
    exit: 64,
    what: 'has no flag --ofline',
    where: 'locket: check has no flag',
    why: 'has no flag',
    fix: 'did you mean --offline?',
  },
  {
    mistake: 'a wrong setting of the daemon',
    run: ['check', '--offline', '--provider', 'opp'],
    exit: 78,
    what: 'must be one of',
    where: 'configuration: flag --provider',
    why: 'must be one of',
    fix: 'did you mean op?',
  },
  compose('a compose file that is not YAML', 'services:\n\ta:\n', {
    exit: 78,
    what: 'not valid YAML',
    where: 'compose.yaml: line 2, column 1',
    why: 'tab as indent',
    fix: 'tab as indent',
  }),
  compose('a template without quotes', options('secret.a: {{ local://db/password }}'), {
    exit: 78,
    what: 'driver_opts.secret.a must be a number or string',
    where: 'compose.yaml: volume s',
    why: 'must be',
    fix: 'put it in quotes',
  }),
  compose('a boolean without quotes', options(`secret.a: "${TAG}"`, 'watch: yes', 'allow-swap: true'), {
    exit: 78,
    what: 'driver_opts.allow-swap must be a number or string',
    where: 'compose.yaml: volume s',
    why: 'is a boolean',
    fix: 'write "true" in quotes',
  }),
  compose('a misspelled driver option', options(`secrt.a: "${TAG}"`), {
    exit: 78,
    what: 'driver option secrt.a is not known',
    where: 'compose.yaml: volume s',
    why: 'not known',
    fix: 'did you mean secret.a?',
  }),
  compose('two wrong driver options, each on a line of its own', options('siez: 1M', 'mode: rw'), {
    exit: 78,
    what: /\ncompose\.yaml: volume s: driver option siez .*\ncompose\.yaml: volume s: driver option mode: /,
    where: 'volume s',
    why: 'not known',
    fix: 'did you mean size?',
  }),
  compose('a variable that is not set', options('secret.a: "{{ local://${DB_NAME}/x }}"'), {
    exit: 65,
    what: 'the variable DB_NAME is not set',
    where: 'compose.yaml: volume s: driver option secret.a: line 1, column 1',
    why: 'counts as empty',
    fix: 'expected local://path/to/name',
  }),
  compose('a volume without a secret', options('size: 1M'), {
    exit: 0,
    what: 'the volume has no file',
    where: 'compose.yaml: warning: volume s',
    why: 'no file',
    fix: 'no option secret.NAME is set',
  }),
  compose('a misspelled option of a provider service', service('env: "A=1"', 'provder: op'), {
    exit: 78,
    what: 'option provder is not known',
    where: 'compose.yaml: service v',
    why: 'not known',
    fix: 'did you mean provider?',
  }),
  compose('a provider service that sets nothing', service('provider: local'), {
    exit: 78,
    what: 'there is no variable to set',
    where: 'compose.yaml: service v',
    why: 'no variable',
    fix: 'the option env, env_file or secrets',
  }),
  {
    mistake: 'compose without an action',
    run: ['compose'],
    exit: 64,
    what: 'up|down|stop|metadata is missing',
    where: 'locket compose',
    why: 'missing',
    fix: '`locket compose --help`',
  },
  {
    mistake: 'compose with another action',
    run: ['compose', 'start', 'v'],
    exit: 64,
    what: 'takes up, down, stop or metadata',
    where: 'locket compose',
    why: 'takes',
    fix: '`locket compose --help`',
  },
  {
    mistake: 'a misspelled flag of compose',
    run: ['compose', 'up', 'v', '--secrte', 'x'],
    exit: 64,
    what: 'has no flag --secrte',
    where: 'locket: compose',
    why: 'has no flag',
    fix: 'did you mean --secret?',
  },
  {
    mistake: 'a secret of a provider service that is not there',
    run: ['compose', 'up', 'v', '--env', 'A={{ local://db/pasword }}'],
    exit: 66,
    what: 'there is no such secret',
    where: 'local://db/pasword',
    why: 'there is no such secret',
    fix: 'did you mean db/password?',
  },
]
