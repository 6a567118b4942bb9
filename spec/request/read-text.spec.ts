import 'retrysafe/jmespath';
import { expect } from 'chai';
import { keyReader } from '../support/key-of.js';

const queued = (body: string) => ({ Records: [{ eventSource: 'aws:sqs', body }] });
const keyOfMessage = keyReader({ key: 'Records[0].body' });
const keyOfValue = (value: unknown) => keyReader({ key: 'value' })({ value });

describe('a message that is a text', () => {
  for (const text of [
    '26e7694',
    '61e9540',
    '1e3',
    '1000',
    '0x10',
    '-0',
    '12345678',
    '"quoted"',
    'true',
    'null',
    '007',
    '{',
    '[1',
    '{"a":}',
    '\ufeff',
    ' 5 ',
  ]) {
    it(`is that text: ${JSON.stringify(text)}`, async () => {
      expect(await keyOfMessage(queued(text))).to.equal(await keyOfValue(text));
    });
  }

  for (const text of ['{"id":1}', ' {"id":1}', '\ufeff{"id":1}', '\ufeff\r\n\t {"id":1} \n'])
    it(`is read where it is an object: ${JSON.stringify(text)}`, async () => {
      expect(await keyOfMessage(queued(text))).to.equal(await keyOfValue({ id: 1 }));
    });

  it('is read where it is a list', async () => {
    expect(await keyOfMessage(queued(' [1, "26e7694"]'))).to.equal(await keyOfValue([1, '26e7694']));
  });

  it('is any JSON where the expression decodes it', async () => {
    const read = keyReader({ key: 'Records[0].powertools_json(body)' });
    expect(await read(queued('1e3'))).to.equal(await keyOfValue(1_000));
    expect(await read(queued('"quoted"'))).to.equal(await keyOfValue('quoted'));
    expect(await read(queued('26e7694'))).not.to.equal(await read(queued('61e9540')));
  });
});

describe('a text of JSON', () => {
  const long = '12345678901234567890';
  const read = (text: string) => keyOfMessage(queued(text));

  it('has the last of two properties with one name', async () => {
    const cases: readonly [string, unknown][] = [
      [`{"a":${long},"a":1}`, { a: 1 }],
      [`{"a":1,"a":${long}}`, { a: BigInt(long) }],
      [`{"a":[${long}],"a":[1]}`, { a: [1] }],
      [`{"a":[${long},2],"a":{"b":[3]},"c":${long}}`, { a: { b: [3] }, c: BigInt(long) }],
      [`{"a":{"b":${long}},"a":{"b":{"c":${long}}}}`, { a: { b: { c: BigInt(long) } } }],
      [`{"\\u0061":${long},"a":"x","b":[${long}]}`, { a: 'x', b: [BigInt(long)] }],
    ];
    for (const [text, value] of cases) expect(await read(text), text).to.equal(await keyOfValue(value));
  });

  it('has every part that follows a long number in a list', async () => {
    const id = BigInt(long);
    const cases: readonly [string, unknown][] = [
      [`[${long},1,2,${long}]`, [id, 1, 2, id]],
      [`[${long},"]",[${long}],1,{"a":${long}}]`, [id, ']', [id], 1, { a: id }]],
      [`{"a":[[${long},[${long}]],[],[${long}],${long}]}`, { a: [[id, [id]], [], [id], id] }],
      [`[[${long}],[],{},[1,[${long},"[",2]],${long}]`, [[id], [], {}, [1, [id, '[', 2]], id]],
      [
        `[{"a":[${long},true,null,"\\"{",-1e2]},${long},{"b":${long}}]`,
        [{ a: [id, true, null, '"{', -100] }, id, { b: id }],
      ],
    ];
    for (const [text, value] of cases) expect(await read(text), text).to.equal(await keyOfValue(value));
  });
});
