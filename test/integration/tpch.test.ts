/** Queries of TPC-H as graphs of operators: what they write is what DuckDB answers to the benchmark's own SQL. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openSession } from '../../duckdb/open-session.js'
import { text } from '../../duckdb/sql.js'
import { tpchData } from '../support/tpch-data.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const etl = join(checkout, 'bin', 'etl.js')
const data = tpchData(Number(process.env.ETL_TPCH_SCALE ?? 0.05))
if ('missing' in data) console.warn(`skipped: ${data.missing}`)

/** With what makes the order of equal ones certain; else as the benchmark has them. */
const queries = {
  q1: `SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
      sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
      sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, avg(l_quantity) AS avg_qty,
      avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc, count(*) AS count_order
    FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY
    GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`,
  q3: `SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
    FROM customer, orders, lineitem
    WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
      AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1995-03-15'
    GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10`,
  q5: `SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue
    FROM customer, orders, lineitem, supplier, nation, region
    WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND c_nationkey = s_nationkey
      AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'ASIA'
      AND o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1994-01-01' + INTERVAL 1 YEAR
    GROUP BY n_name ORDER BY revenue DESC`,
  q6: `SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
    WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR
      AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND l_quantity < 24`,
  q10: `SELECT c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address,
      c_phone, c_comment
    FROM customer, orders, lineitem, nation
    WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= DATE '1993-10-01'
      AND o_orderdate < DATE '1993-10-01' + INTERVAL 3 MONTH AND l_returnflag = 'R' AND c_nationkey = n_nationkey
    GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment
    ORDER BY revenue DESC, c_custkey LIMIT 20`,
}
const tables = ['customer', 'orders', 'lineitem', 'supplier', 'nation', 'region']

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'etl-tpch-'))
  if ('missing' in data) return
  cpSync(join(checkout, 'examples', 'tpch'), folder, { recursive: true })
  cpSync(data.folder, join(folder, 'data'), { recursive: true })
  mkdirSync(join(folder, 'expected'))
  const session = await openSession({ folder, memoryLimitBytes: 1024 * 1024 * 1024, threads: 2 })
  try {
    for (const table of tables)
      await session.run(`CREATE VIEW ${table} AS FROM read_parquet(${text(join(folder, 'data', `${table}.parquet`))})`)
    for (const [name, query] of Object.entries(queries))
      await session.run(`COPY (${query}) TO ${text(join(folder, 'expected', `${name}.csv`))} (FORMAT csv, HEADER)`)
  } finally {
    session.close()
  }
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const cases = Object.keys(queries).flatMap((name) => [1, 4].map((parallelism) => [name, parallelism] as const))
const orSkip = 'missing' in data ? describe.skip : describe
orSkip('TPC-H', () => {
  test.each(cases)(
    '%s at parallelism %i',
    (name, parallelism) => {
      const spec = `${name}-${parallelism}.yaml`
      const written = readFileSync(join(folder, `${name}.yaml`), 'utf8')
      writeFileSync(join(folder, spec), `parallelism: ${parallelism}\n${written}`)
      const { stdout, stderr } = spawnSync(process.execPath, [etl, 'run', spec, '--json'], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: 110_000,
      })
      expect(JSON.parse(stdout || JSON.stringify({ stderr }))).toMatchObject({ status: 'COMPLETED', error: null })
      // The last digits of an average depend on the order of sums.
      const result = (of: string) =>
        readFileSync(join(folder, of, `${name}.csv`), 'utf8').replace(/(\.\d{12})\d+/g, '$1')
      expect(result('out')).toBe(result('expected'))
    },
    120_000,
  )
})
