/** Columns of a table as its model declares them; the type of a row follows from them. Snake case in MySQL, camel case here. */
import { DataTypes, type Model, type ModelAttributeColumnOptions, type ModelStatic, type Sequelize } from 'sequelize'
import { JobError } from '../core/errors/job-error.js'

/** A column whose values are of type T. `options` are what Sequelize is told. */
export interface Column<T> {
  readonly options: (attribute: string) => ModelAttributeColumnOptions
  /** Never set: it only carries the type. */
  readonly type?: T
}

export type Columns = Readonly<Record<string, Column<unknown>>>

export type Row<C extends Columns> = { [K in keyof C]: C[K] extends Column<infer T> ? T : never }

/** What a new row is given: the rest has defaults in the table. */
export type NewRow<C extends Columns> = Partial<Row<C>>

export type Table<C extends Columns> = ModelStatic<Model<Row<C>, NewRow<C>>>

export function defineTable<const C extends Columns>(sequelize: Sequelize, name: string, columns: C): Table<C> {
  const attributes = Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column.options(key)]))
  return sequelize.define(name, attributes as never, {
    tableName: name,
    timestamps: false,
    underscored: true,
    freezeTableName: true,
  }) as unknown as Table<C>
}

/** Auto-increment key, as text: it may exceed what a number holds. */
export const rowId = (): Column<string> => plain({ type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true })

export const text = <T extends string = string>(): Column<T> => plain({ type: DataTypes.TEXT })
export const real = (): Column<number> => plain({ type: DataTypes.DOUBLE })
export const int = (): Column<number> => plain({ type: DataTypes.INTEGER })
export const flag = (): Column<boolean> => plain({ type: DataTypes.BOOLEAN })
export const time = (): Column<Date> => plain({ type: DataTypes.DATE(3) })

/** A count or a size: fits a number, comes as text. */
export const count = (): Column<number> => ({
  options: (attribute) => ({
    type: DataTypes.BIGINT,
    get(this: Model) {
      const value: unknown = this.getDataValue(attribute as never)
      return value === null || value === undefined ? value : Number(value)
    },
  }),
})

/**
 * An object or a list as JSON. Most such columns are text in MySQL, because the order of keys means something and
 * MySQL's JSON type sorts them; what comes back is parsed either way.
 */
export const json = <T extends object>(): Column<T> => ({
  options: (attribute) => ({
    type: DataTypes.JSON,
    get(this: Model) {
      const value: unknown = this.getDataValue(attribute as never)
      return typeof value === 'string' ? parse(value, attribute, this.constructor as ModelStatic<Model>) : value
    },
  }),
})

/** The parser's own words would quote what is stored. */
function parse(stored: string, attribute: string, { tableName }: ModelStatic<Model>): unknown {
  try {
    return JSON.parse(stored)
  } catch {
    throw new JobError('internal', `\`${attribute}\` of a row of \`${tableName}\` is no JSON.`)
  }
}

export const optional = <T>(column: Column<T>): Column<T | null> => column as Column<T | null>

function plain<T>(options: ModelAttributeColumnOptions): Column<T> {
  return { options: () => options }
}
