/** Connectors, connections and secrets. */
import { flag, int, json, optional, type Row, rowId, text, time } from '../columns.js'

export type ConnectorType = 'JDBC' | 'KAFKA' | 'HTTP' | 'FILE' | 'CUSTOM'

export const connectorColumns = {
  id: rowId(),
  connectorId: text(),
  connectorName: text(),
  connectorType: text<ConnectorType>(),
  connectorClass: text(),
  connectorVersion: optional(text()),
  description: optional(text()),
  supportSource: flag(),
  supportSink: flag(),
  configSchema: json<Readonly<Record<string, unknown>>>(),
  isBuiltin: flag(),
  isEnabled: flag(),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type ConnectorRow = Row<typeof connectorColumns>

export const connectorConfigColumns = {
  id: rowId(),
  configId: text(),
  configName: text(),
  connectorId: text(),
  connectorName: text(),
  usageType: text<'SOURCE' | 'SINK' | 'BOTH'>(),
  description: optional(text()),
  connectionConfig: json<Readonly<Record<string, unknown>>>(),
  extraConfig: optional(json<Readonly<Record<string, unknown>>>()),
  lastTestTime: optional(time()),
  lastTestStatus: optional(text<'OK' | 'FAILED'>()),
  lastTestMessage: optional(text()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type ConnectorConfigRow = Row<typeof connectorConfigColumns>

export const secretColumns = {
  id: rowId(),
  secretName: text(),
  secretValue: text(),
  keyId: text(),
  description: optional(text()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type SecretRow = Row<typeof secretColumns>
