const OF_SECRET = (action: string) => `\`locket secret ${action}\` does that in the embedded store`

/** Words that are not commands, and the command that does what they ask for. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  version: '`locket --version` shows it',
  '-v': '`locket --version` shows the version',
  inspect: '`locket status` shows all volumes, `docker volume inspect NAME` one of them',
  ps: '`locket status` shows the volumes and their mounts',
  top: '`locket status --watch` shows the volumes and their mounts again and again',
  refresh: '`locket volume refresh NAME` asks for the values of a volume again',
  release: '`locket volume release NAME` ends a mount reference that the engine has lost',
  prune: '`locket volumes prune` removes volumes that removed services left',
  metrics:
    '`curl --unix-socket /var/lib/locket/admin.sock http://locket/metrics`, or the setting metrics-address',
  test: '`locket check` checks settings, logins and references',
  validate: '`locket check` checks settings, logins and references',
  lint: '`locket check --offline` checks files without a network',
  config: '`locket check --config FILE` checks a configuration',
  login: 'credentials are settings: `locket check --help-all` lists them, and `locket check` tries them',
  logs: '`journalctl -u docker` shows the log of a plugin, `journalctl -u locket` that of a service',
  env: '`locket export` writes variables, `locket exec -- env` runs a command with them',
  read: '`locket export` writes what references resolve to',
  render:
    '`locket inject` writes templates as files, `locket volume render NAME --dry-run` shows those of a volume',
  template: '`locket inject` writes templates as files',
  daemon: '`locket volume` serves the Docker volume driver',
  serve: '`locket volume` serves the Docker volume driver',
  mount: 'the engine mounts volumes: `docker run -v NAME:/run/secrets …`',
  create: 'the engine creates volumes: `docker volume create -d locket …`',
  up: '`docker compose up` calls locket for a provider service',
  set: OF_SECRET('set'),
  get: OF_SECRET('get'),
  list: OF_SECRET('list'),
  ls: OF_SECRET('list'),
  rm: OF_SECRET('rm'),
  import: OF_SECRET('import'),
}

/** Returns the advice about a word that is not a command. `near`: the command that it resembles. */
export function adviceOnWord(word: string, near: string | undefined): string {
  const other = Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : undefined
  if (other !== undefined) return other
  if (near !== undefined) return `did you mean ${near}?`
  return word.startsWith('-')
    ? 'flags come after a command: `locket COMMAND --help` lists its flags'
    : '`locket --help` lists the commands'
}
