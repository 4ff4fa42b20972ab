// An audit: one model and one data set, gathered, measured, and told as one result.
export {
  AUDIT_SCHEMA,
  type AuditImage,
  type AuditLipschitz,
  type AuditResult,
  auditSchema,
  type Ensemble,
  type Finding,
  type LawStanding,
  type Measurement,
  type Memorization,
  type PointRobustness,
  type Requirement,
  type Robustness,
  type SuspiciousLabel,
} from './result.ts';
