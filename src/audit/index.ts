// An audit: one model and one data set, gathered, measured, and told as one result.
export { audit } from './audit.ts';
export type { KnownNoise } from './fitting.ts';
export { type Journal, openJournal } from './journal.ts';
export { type Fitted, measureMemorization } from './memorization.ts';
export { type AuditRequest, auditIdentity, auditName, type NormRadii } from './request.ts';
export {
  checkRequirement,
  type ParsedRequirement,
  parseRequirement,
  requiredRadii,
} from './requirement.ts';
export {
  AUDIT_SCHEMA,
  type AuditImage,
  type AuditLipschitz,
  type AuditResult,
  auditJsonSchema,
  auditSchema,
  type Ensemble,
  type Finding,
  type LawStanding,
  type Memorization,
  type PointRobustness,
  type Requirement,
  type Robustness,
  type SuspiciousLabel,
} from './result.ts';
export type { AuditProgress } from './scene.ts';
export { type LawInputs, lawStanding, rootMeanSquareSpread } from './standing.ts';
export { type ModelSource, modelDigest } from './subject.ts';
export { suspiciousLabels } from './suspicious.ts';
export { verdictSentences } from './verdict.ts';
export { AUDIT_WORKER } from './worker.ts';
