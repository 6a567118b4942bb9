import { expect } from 'chai';
import {
  Idempotent,
  keyOf,
  OutcomeUnavailableError,
  type PersistenceStore,
  type RecordView,
  recordOf,
} from 'retrysafe';
import { abandon } from 'retrysafe/testing';
import type { RecordDetails, Resolved, StatusCount } from '#operator/desk.js';
import { deskOf } from '#operator/desk-of.js';
import { rejection } from '../support/rejection.js';
import { type NamedStore, operatorStores } from './operator-stores.js';
import { linesOf, ServiceFolder } from './retrysafe-command.js';

const marker = 'pan-4111';
const reason = ['--reason', 'INC-7', '--by', 'ada'];

interface Request {
  readonly id: string;
}

class PreFundService {
  runs = 0;

  constructor(readonly store: PersistenceStore) {}

  @Idempotent({
    name: 'PreFundService.placeHold',
    key: 'id',
    store: (self: PreFundService) => self.store,
    onAbandoned: 'refuse',
    onError: () => 'unknown',
  })
  async placeHold(request: Request): Promise<unknown> {
    this.runs += 1;
    if (request.id === 'T-2') throw Object.assign(new Error(marker), { code: 'ECONNRESET' });
    return { holdId: `H-${request.id}`, secret: marker };
  }
}

for (const [kind, use] of Object.entries(operatorStores)) {
  describe(`the commands of an operator, on ${kind}`, () => {
    const open = use();
    let named: NamedStore;
    let folder: ServiceFolder;
    let service: PreFundService;

    beforeEach(async function () {
      this.timeout(20_000);
      named = await open();
      folder = new ServiceFolder();
      service = new PreFundService(named.store);
      await service.placeHold({ id: 'T-1' });
      await service.placeHold({ id: 'T-2' }).catch(() => {});
      await abandon(service, 'placeHold', { id: 'T-3' });
    });
    afterEach(() => folder.remove());

    const key = (id: string) => keyOf(service, 'placeHold', { id });
    const run = (...args: string[]) => folder.run([...args, '--store', named.address], named.env);

    it('list the records, and those that are stuck', async () => {
      const all = await run('ls', '--json');
      expect(all.stderr).to.match(/^$|^This reads /);
      expect(linesOf<RecordView>(all.stdout).map((view) => view.status)).to.have.members([
        'completed',
        'unknown',
        'abandoned',
      ]);
      const stuck = await run('ls', '--status', 'stuck', '--operation', 'PreFundService.placeHold');
      expect(stuck.code).to.equal(0);
      expect(stuck.stdout).to.match(/^STATUS +FOR +ATTEMPT +BY +WHY +KEY\n/);
      expect(stuck.stdout).to.include(key('T-2')).and.include(key('T-3')).and.not.include(key('T-1'));
      expect(stuck.stdout).to.include('Error ECONNRESET').and.not.include(marker);
      expect(await run('ls', '--status', 'unknown', '--older', '1h')).to.include({ code: 1, stdout: '' });
    });

    it('show one, by its key or by what the call had', async () => {
      const byKey = await run('show', key('T-1'));
      expect(byKey).to.include({ code: 0, stderr: '' });
      expect(byKey.stdout).to.match(/^key +PreFundService\.placeHold#[0-9a-f]{64}\n/);
      expect(byKey.stdout)
        .to.match(/^outcome +a value, hidden; --reveal shows it$/m)
        .and.not.include(marker);
      const bySelection = await run(
        'show',
        'PreFundService.placeHold',
        '--select',
        '"T-1"',
        '--reveal',
        '--json',
      );
      const { record, life, outcome } = JSON.parse(bySelection.stdout) as RecordDetails;
      expect(record.key).to.equal(key('T-1'));
      expect(life.map(({ what }) => what)).to.deep.equal(['claimed', 'completed', 'expires']);
      expect(outcome?.text).to.include(marker);
      expect(await run('show', 'PreFundService.placeHold', '--select', '"T-9"')).to.include({
        code: 1,
        stdout: '',
      });
    });

    it('tell the same as the desk that the page shows', async () => {
      const desk = deskOf(named.store);
      const { stdout } = await run('show', key('T-2'), '--json');
      expect(JSON.parse(stdout)).to.deep.equal(await desk.show(key('T-2')));
      const views = linesOf<RecordView>((await run('ls', '--json')).stdout);
      expect(views).to.have.deep.members((await desk.list({})).records as RecordView[]);
    });

    it('answer a key with a value', async () => {
      const ended = await run('resolve', key('T-2'), '--value', '{"holdId":"H-7"}', '--plain', ...reason);
      expect(ended).to.deep.include({ code: 0, stdout: '1 record answered.\n', stderr: '' });
      expect(await service.placeHold({ id: 'T-2' })).to.deep.equal({ holdId: 'H-7' });
      const view = await recordOf(service, 'placeHold', { id: 'T-2' }).inspect();
      expect(view).to.include({ by: 'ada' });
      expect(view?.why).to.deep.equal({ kind: 'resolved', as: 'value', reason: 'INC-7' });
      expect((await run('show', key('T-2'))).stdout).to.match(
        /resolved +1 +ada +answered with a value: INC-7/,
      );
    });

    it('let a key run again, or refuse it', async () => {
      await run('resolve', key('T-3'), '--run-again', ...reason);
      expect(await service.placeHold({ id: 'T-3' })).to.deep.include({ holdId: 'H-T-3' });
      await run('resolve', key('T-2'), '--refuse', ...reason);
      const error = await rejection(service.placeHold({ id: 'T-2' }));
      expect(error).to.be.instanceOf(OutcomeUnavailableError);
      expect((error as Error).message).to.match(/it was refused by ada at \d{4}-.* \(INC-7\)/);
    });

    it('change many at once, after a rehearsal', async () => {
      const filter = ['--status', 'stuck', '--operation', 'PreFundService.placeHold'];
      const rehearsed = await run('resolve', ...filter, '--run-again', ...reason, '--dry-run');
      expect(rehearsed.stderr).to.include('Nothing was changed. It would let 2 records run again.');
      expect(linesOf<RecordView>((await run('ls', ...filter, '--json')).stdout)).to.have.length(2);
      const unconfirmed = await run('resolve', ...filter, '--run-again', ...reason);
      expect(unconfirmed.code).to.equal(2);
      expect(unconfirmed.stderr).to.include('give --yes to do so without a question, or --dry-run');
      const done = await run('resolve', ...filter, '--run-again', ...reason, '--yes', '--json');
      expect(linesOf<Resolved>(done.stdout).map(({ isDone }) => isDone)).to.deep.equal([true, true]);
      expect((await run('ls', ...filter)).code).to.equal(1);
    });

    it('forget keys', async () => {
      const ended = await run(
        'forget',
        '--operation',
        'PreFundService.placeHold',
        '--status',
        'completed',
        '--yes',
      );
      expect(ended).to.include({ code: 0, stdout: '1 record forgotten.\n' });
      service.runs = 0;
      await service.placeHold({ id: 'T-1' });
      expect(service.runs).to.equal(1);
    });

    it('say which were not changed, and why', async () => {
      const ended = await run('resolve', key('T-1'), key('T-2'), '--refuse', ...reason, '--yes');
      expect(ended).to.include({ code: 1, stdout: '1 record refused.\n' });
      expect(ended.stderr).to.include(key('T-1')).and.include('has an outcome already');
    });

    it('count', async () => {
      const { stdout } = await run('stats', '--json');
      const counts = (JSON.parse(stdout) as StatusCount[]).map(({ operation, status, count }) => [
        operation,
        status,
        count,
      ]);
      expect(counts).to.deep.equal([
        ['PreFundService.placeHold', 'abandoned', 1],
        ['PreFundService.placeHold', 'completed', 1],
        ['PreFundService.placeHold', 'unknown', 1],
      ]);
      expect((await run('stats')).stdout).to.match(/^OPERATION +STATUS +RECORDS +OLDEST +MOST ATTEMPTS\n/);
    });

    it('examine the database', async () => {
      const ended = await run('doctor');
      expect(ended.stdout.match(/PROBLEM.*\n.*/g)?.join() ?? '').to.equal('');
      expect(ended).to.include({ code: 0, stderr: '' });
      expect(ended.stdout).to.match(/^ok +(table|server)/m);
    });
  });
}
