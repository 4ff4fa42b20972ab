// Results in, HTML, SVG, CSV and Parquet out. No science here: nothing is measured or fitted.
export { renderAuditPage } from './audit/page.ts';
export { auditCurveSvg } from './audit/robust-accuracy.ts';
export { resultsCsv } from './csv.ts';
export { fitSvg, sumSvg, trajectorySvg } from './experiment-svg.ts';
export { heroSvg } from './hero-svg.ts';
export { boundsSvg, type LipschitzReport, lipschitzVerdict, renderLipschitzPage } from './lipschitz-page.ts';
export { significant } from './number.ts';
export { renderReport } from './page.ts';
export { resultsParquet } from './parquet.ts';
export { renderPlanPage } from './plan/page.ts';
export { renderSurveyPage } from './survey/page.ts';
export { type WrittenReport, writeReport } from './write.ts';
