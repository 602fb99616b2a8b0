// The file of the package that writes the text of metrics. The package's entry loads twelve more files, two
// packages and four modules of Node: 70 ms and 13 MB, for kinds of metrics that are not used.
declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client'
}
