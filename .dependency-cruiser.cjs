/**
 * The import order of docs/architecture.md: downwards only, and one library in one folder. `npm run check` runs it and
 * fails when it has seen no module at all. `test/`, `scripts/` and `bench/` may import anything.
 */
const folder = (...names) => `^(${names.join('|')})/`
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`

/** What a folder may import besides itself; folders that compose the others are not listed. */
const allowed = {
  core: [],
  duckdb: ['core'],
  storage: ['core'],
  models: ['core'],
  functions: ['core'],
  operators: ['core', 'duckdb', 'functions/spi\\.ts'],
  network: ['core'],
  notify: ['core', 'network'],
  connectors: ['core', 'duckdb', 'network', 'storage/bucket\\.ts'],
  engine: [
    'core',
    'duckdb',
    'storage/store\\.ts',
    'operators/operator\\.ts',
    'connectors/spi\\.ts',
    'functions/spi\\.ts',
    'functions/child-process\\.ts',
  ],
  workflows: ['core', 'activities'],
  process: ['core', 'models/encryption\\.ts'],
  telemetry: ['core'],
}

const folders = [...Object.keys(allowed), 'activities', 'worker', 'api', 'cli', 'scripts', 'bench', 'test']

const downwards = Object.entries(allowed).map(([name, others]) => ({
  name: `${name}-imports-only-downwards`,
  comment: `${name}/ may import: ${[name, ...others].join(', ')}. What it needs besides is handed in.`,
  severity: 'error',
  from: { path: folder(name) },
  to: {
    path: folder(...folders),
    pathNot: `^(${[name, ...others].map((each) => (each.endsWith('.ts') ? `${each}$` : `${each}/`)).join('|')})`,
  },
}))

/** Where each library may be imported: the one folder that hides it from the rest. */
const homes = [
  { library: '@duckdb/.+', home: '^duckdb/' },
  { library: 'sequelize|umzug', home: '^models/' },
  { library: 'express|express-rate-limit|helmet|openid-client|swagger-ui-dist|zod-openapi', home: '^api/' },
  { library: 'undici', home: '^(connectors/http|network|notify)/' },
  { library: 'nodemailer', home: '^notify/' },
  { library: 'prom-client', home: '^telemetry/' },
  { library: '@opentelemetry/.+', home: '^telemetry/otlp\\.ts$' },
  { library: '@platformatic/.+', home: '^connectors/kafka/' },
  { library: 'fzstd', home: '^connectors/(file|kafka)/' },
  { library: '@aws-sdk/.+', home: '^storage/' },
  { library: 'mysql2', home: '^(models|connectors/jdbc/mysql)/' },
  { library: 'pg', home: '^connectors/jdbc/postgres/' },
  { library: 'libsql', home: '^connectors/jdbc/sqlite/' },
  { library: '@temporalio/workflow', home: '^workflows/' },
  { library: '@temporalio/worker', home: '^(worker|workflows)/' },
  { library: 'commander|picocolors', home: '^cli/' },
  { library: 'zod', home: '(^|/)(schema|config)\\.ts$|^operators/' },
]

const oneHome = homes.map(({ library, home }) => ({
  name: `${library.split('|')[0].replace(/[^a-z0-9-]/g, '')}-has-one-home`,
  comment: 'A library is known to one folder, so that it can be exchanged there.',
  severity: 'error',
  from: { pathNot: `${home}|^(test|scripts|bench)/` },
  to: { path: packages(...library.split('|')) },
}))

module.exports = {
  forbidden: [
    ...downwards,
    ...oneHome,
    {
      name: 'core-is-pure',
      comment: 'No I/O, no clock, no randomness: a workflow may import it.',
      severity: 'error',
      from: { path: '^core/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-know-activities-by-type',
      comment: 'The value would be bundled into the sandbox.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'cli-talks-to-the-api',
      comment: 'Only cli/local/ runs jobs itself; the rest of the CLI talks to the API.',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/local/' },
      to: {
        path: folder(
          'engine',
          'operators',
          'functions',
          'connectors',
          'storage',
          'models',
          'duckdb',
          'activities',
          'workflows',
        ),
      },
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { pathNot: folder('test') },
      to: { path: folder('test') },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unknown-imports', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'runtime-packages-are-dependencies',
      comment: 'What runs in production must be in `dependencies`.',
      severity: 'error',
      from: { pathNot: '^(test|scripts|bench)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.etl)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}
