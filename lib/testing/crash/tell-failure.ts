import type { CrashTestReport } from './crash-report.js';
import { CrashTestError, type CrashTestFailure } from './crash-test-error.js';
import { diagnosisOf } from './diagnosis.js';
import { diagramOf } from './diagram.js';
import { type Plan, textOf } from './plan.js';
import type { History } from './run-history.js';
import { storyOf } from './story.js';
import { messageOf as messageOfThrown } from './words.js';

/** Returns the error for a history that was lived through so that it can be told. */
export function failureOf(
  { world, violation }: History,
  plan: Plan | undefined,
  report: CrashTestReport,
  isDrawn: boolean,
): CrashTestError {
  const { happenings } = world;
  const { what, mends } = diagnosisOf(world);
  const failure: CrashTestFailure = {
    story: storyOf(happenings),
    diagnosis: what,
    mends,
    repeat: textOf(plan),
    ...(isDrawn && { diagram: diagramOf(happenings) }),
    report,
  };
  return new CrashTestError(messageOf(failure, violation), failure, violation?.thrown);
}

function messageOf(failure: CrashTestFailure, violation: History['violation']): string {
  const { story, diagnosis, mends, repeat, diagram, report } = failure;
  const thrown = violation?.thrown;
  const wrong = messageOfThrown(thrown).trimEnd();
  return [
    wrong,
    '',
    violation?.when === 'in between'
      ? `It did not hold at every moment${story.length > 0 ? ':' : ', nor before the first step.'}`
      : 'It did not hold when every call had its outcome:',
    ...story.map((sentence) => `  ${sentence}`),
    '',
    diagnosis,
    ...mends.map((mend) => `> ${mend}`),
    '',
    `To see this history alone: crashTest({ …, repeat: '${repeat}' }). It took ${report.histories} ${report.histories === 1 ? 'history' : 'histories'} to find.`,
    ...(diagram === undefined ? [] : ['', '```mermaid', diagram, '```']),
  ].join('\n');
}
